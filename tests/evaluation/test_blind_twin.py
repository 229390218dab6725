"""The blind twin: a score foretold without the model, from earlier blocks, with no label."""

import numpy as np
import pandas as pd
import pytest

from made_images import images
from made_target import SETTINGS, membership, scores, write_scores
from mia import storage
from mia.blind.twin import FEWEST, foretold, numbers
from mia.evaluation.blind_twin import COLUMNS, to_foretell, twin_cells, twin_numbers
from mia.stages.evaluate import evaluate

N = 600


def made(memory=0.0, eased=0.0, seed=0):
    """Manifest rows and reported rows: members are easier by `eased`, trained on by `memory`."""
    rng, member = np.random.default_rng(seed), np.arange(2 * N) < N
    rows = images(N)
    stat = rng.normal(size=2 * N) + eased * member
    rows["stat_edges"] = stat
    score = 2 * np.tanh(stat) + 0.5 * rng.normal(size=2 * N) + memory * member
    part = pd.DataFrame({"score": score, "member": member, "group": np.arange(2 * N)}, rows.index)
    return rows, part.assign(fold="evaluation", block=np.arange(2 * N) % 6)


def beside(**how):
    rows, part = made(**how)
    told = foretold(rows, part["score"], part["block"], 0)
    return twin_numbers(part, told, 0.95)


def test_members_that_are_merely_easier_are_foretold_to_be_so():
    """The attack has an AUC of .7 and no memory; its twin has the same."""
    found = beside(eased=0.6)
    assert found["r2"] > 0.8 and found["auc"] > 0.63
    assert found["low"] < 0.02 and found["p"] > 0.01 and found["n"] == 1000


def test_memory_is_not_foretold():
    found = beside(memory=1.0)
    assert abs(found["auc"] - 0.5) < 0.06 and found["low"] > 0.05 and found["p"] < 1e-4


def test_a_score_that_is_one_number_has_no_twin():
    rows, part = made()
    part["score"] = 0.1
    told = foretold(rows, part["score"], part["block"], 0)
    assert twin_numbers(part, told, 0.95) is None


def test_what_is_foretold_rests_on_earlier_blocks_and_on_no_label():
    rows, part = made()
    told = foretold(rows, part["score"], part["block"], 0)
    assert told.isna().equals(part["block"] == 0)
    later = part["score"].where(part["block"] < 3, 0.0)
    again = foretold(rows, later, part["block"], 0)
    assert again[part["block"] <= 3].equals(told[part["block"] <= 3])
    assert not again[part["block"] > 3].equals(told[part["block"] > 3])


def test_too_few_images_foretell_nothing():
    rows, part = made()
    few = part.iloc[np.r_[0:FEWEST, N : N + FEWEST]].assign(block=0)
    few.loc[few.index[: FEWEST - 1], "block"] = -1
    told = foretold(rows, few["score"], few["block"], 0)
    assert told.isna().all() and twin_numbers(few, told, 0.95) is None


def test_captions_alone_foretell_from_captions_alone():
    rows = images(30)
    assert {"stat_edges", "bytes", "caption_length"} <= {*numbers(rows.assign(stat_edges=0.0))}
    alone = numbers(rows.assign(bytes=None))
    assert all(name.startswith("caption_") for name in alone)


def test_one_block_is_foretold_from_calibration_that_the_attack_has_not_learnt_from():
    _, part = made()
    half = np.arange(2 * N) % 2 == 0
    rows = part.assign(fold=np.where(half, "calibration", "evaluation"), block=-1 * half)
    learnt = list(rows.index[half][:100])
    found = to_foretell(rows, learnt)
    assert {*rows.index} - {*found.index} == {*learnt}
    assert sorted(found["block"].unique()) == [-1, 0]


def test_scores_that_were_learnt_by_block_are_compared_within_blocks():
    _, part = made()
    apart = part.assign(score=part["score"].where(part["block"] > 0) + 50 * part["block"])
    found = to_foretell(apart)
    assert found["block"].min() == 1 and abs(found.groupby("block")["score"].mean()).max() < 1e-9
    assert to_foretell(part)["score"].equals(part["score"])


def test_p_is_adjusted_over_the_attacks_that_have_a_twin():
    twin = {"auc": 0.5, "r2": 0.3, "value": 0.1, "low": 0.0, "high": 0.2, "p": 0.01, "n": 9}
    metrics = [{"attack": name, "blind_twin": twin} for name in ("a", "b", "other")]
    metrics.append({"attack": "c", "blind_twin": None})
    found = twin_cells(metrics, {"a", "b", "c"})
    assert found.keys() == {"a", "b"} and tuple(found["a"]) == COLUMNS
    assert found["a"]["p_twin"] == 0.02 and twin_cells(metrics, {"c"}) == {}


@pytest.mark.parametrize(("access", "has"), [("grey-box", True), ("model-free", False)])
def test_a_stage_with_manifests_writes_it_for_attacks_on_the_model(tmp_path, access, has):
    members = membership(per_class=150, blocks=6)
    storage.write(members, tmp_path / "membership.parquet")
    rows, _ = made()
    rows = rows.iloc[:300].assign(key=members["key"].to_numpy(), group=members["group"].to_numpy())
    rows = rows.assign(caption=[f"number {number}" for number in range(300)])
    manifest = tmp_path / "images/made/manifest.parquet"
    table = rows.assign(image_id=members["image_id"].to_numpy()).reset_index(drop=True)
    storage.write(table, manifest)
    path = write_scores(tmp_path / "loss.parquet", scores(members, 1.0), access=access)
    files = (str(path), str(tmp_path / "membership.parquet"))
    found = evaluate("made", "loss", *files, SETTINGS, [str(manifest)])["blind_twin"]
    assert (found is not None) == has
    if has:
        assert found["n"] == 250 and found["p"] < 0.01
        assert evaluate("made", "loss", *files, SETTINGS)["blind_twin"] is None
