"""Sets are judged before a model is asked: what stops a run, what a model adds afterwards."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from mia import storage
from mia.audit.appendix import appendix
from mia.audit.survival import survival
from mia.audit.without_images import audit_of_scores
from mia.evaluation.estimates import FLAGS
from mia.stages import gate, verdict

MEMBERSHIP = pd.DataFrame(
    {
        "image_id": list("abcd"),
        "member": [True, True, False, False],
        "fold": ["calibration", "evaluation"] * 2,
        "block": [-1, 0] * 2,
        "kept": True,
        "reason": "",
    }
)


def audits(folder, **verdicts: str) -> list[str]:
    paths = []
    for target, word in verdicts.items():
        path = folder / f"audit/sets/{target}.json"
        storage.write_json(
            {"target": target, "verdict": word, "sentence": f"{word}: so it is"}, path
        )
        paths.append(str(path))
    return paths


def pass_gate(folder, stop_if: str, paths: list[str]):
    settings = json.dumps({"stop_if": stop_if})
    output = str(folder / "gate.json")
    gate.main(["--audits", *paths, "--settings", settings, "--output", output])
    return storage.read_json(output)


def test_the_gate_names_every_target_whose_sets_are_not_fair(tmp_path):
    paths = audits(tmp_path, one="FAIR", two="NOT FAIR", three="NOT FAIR", four="UNDECIDED")
    with pytest.raises(SystemExit) as stopped:
        pass_gate(tmp_path, "not_fair", paths)
    assert str(stopped.value).splitlines() == [
        "error: stopped by audit.stop_if: the sets of two, three are NOT FAIR; nothing was "
        "measured",
        "targets.two: NOT FAIR: so it is",
        "targets.three: NOT FAIR: so it is",
    ]
    assert not (tmp_path / "gate.json").exists()


@pytest.mark.parametrize("word", ["FAIR", "BY DESIGN", "UNDECIDED"])
def test_other_verdicts_pass_the_gate(word, tmp_path):
    assert pass_gate(tmp_path, "not_fair", audits(tmp_path, one=word)) == {"one": word}


def test_what_estimates_are_worth_stands_before_the_remarks_of_the_sets():
    audit = {"target": "t", "remarks": ["of the sets"]}
    assert verdict.with_estimates(audit, {}) == {**audit, **{flag: [] for flag in FLAGS}}


def test_scores_alone_have_an_audit_that_judges_nothing():
    found = audit_of_scores("published", MEMBERSHIP, 0.03)
    assert (found["verdict"], found["channels"], found["balance"]) == ("UNKNOWN", [], [])
    assert (found["n_member"], found["n_nonmember"]) == (1, 1)
    assert found["counts"]["members"]["kept"] == 2
    assert found["survival"]["sentence"] == "n/a: no images to audit"


def test_captions_alone_lose_no_image_in_a_download():
    manifest = pd.DataFrame({"part": ["all"] * 3, "status": ["success"] * 3})
    side = {"set": "words", "parts": ["all"], "dealt": False, "captions_only": True}
    found = survival({"words": manifest}, {"members": side, "nonmembers": side}, 0.95)
    assert found["members"] is None and found["p"] is None
    assert found["sentence"] == "n/a: a table of captions has no images that could be lost"


def test_captions_alone_are_balanced_by_their_surface():
    """No number of a file or of pixels is made up where there is no image."""
    ids = [f"{number:064x}" for number in range(20)]
    captions = [f"a cat no {number}" for number in range(20)]
    images = pd.DataFrame({"caption": captions, "group": ids, "bytes": pd.NA}, index=ids)
    member = pd.Series([number % 2 == 0 for number in range(20)], ids)
    rows = pd.DataFrame({"member": member, "group": ids}, index=ids)
    settings = {"splits": 0, "random_splits": 19, "confidence": 0.95, "resamples": 100, "seed": 0}
    found = appendix(images, rows, {}, settings)
    assert found["frechet"] == []
    assert found["balance"] and all(row["column"].startswith("caption") for row in found["balance"])
