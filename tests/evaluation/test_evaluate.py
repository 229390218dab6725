"""The stage `evaluate`: one attack, one target, evaluation fold only."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from made_target import BLIND, SETTINGS, membership, scores, write_scores
from mia import storage
from mia.evaluation import flags
from mia.evaluation.carried import at_limits, directions
from mia.evaluation.summary import target_flags
from mia.scoring.remeasured import largest_difference
from mia.stages import evaluate
from mia.stats.metrics import auc


@pytest.fixture
def target(tmp_path):
    members = membership(per_class=400)
    storage.write(members, tmp_path / "membership.parquet")
    return tmp_path, members


def run(folder, score, output="metrics.json", randomised=False):
    arguments = {
        "--target": "made",
        "--attack": Path(score).stem,
        "--score": str(score),
        "--membership": str(folder / "membership.parquet"),
        "--settings": json.dumps({**SETTINGS, "randomised": randomised}),
        "--output": str(folder / output),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            sys, "argv", ["evaluate", *(part for pair in arguments.items() for part in pair)]
        )
        evaluate.main()
    return storage.read_json(folder / output)


def test_numbers_come_from_the_evaluation_fold_alone(target):
    folder, members = target
    table = scores(members, shift=1.0)
    found = run(folder, write_scores(folder / "loss.parquet", table))
    rows = members.assign(score=table["score"])[members["fold"] == "evaluation"]
    assert found["auc"]["value"] == pytest.approx(auc(rows["score"], rows["member"]))
    assert (found["n_member"], found["n_nonmember"]) == (200, 200)
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    assert found["auc"]["method"] == "logit and Newcombe"
    about = "target attack module access blind trained fitted n_member n_nonmember"
    numbers = "auc partial_auc tpr carried balanced_accuracy advantage between_draws repeats"
    numbers += " between_runs blind_twin"
    assert found.keys() == {*about.split(), *numbers.split(), "epsilon", "flags"}

    other = table.assign(score=np.where(members["fold"] == "evaluation", table["score"], 7.0))
    changed = run(folder, write_scores(folder / "loss.parquet", other))
    carried = {"carried": 0, "balanced_accuracy": 0, "flags": 0}
    assert changed | carried == found | carried


def test_a_tpr_that_rests_on_too_few_nonmembers_is_not_printed(target):
    folder, members = target
    found = run(folder, write_scores(folder / "loss.parquet", scores(members, 1.0)))
    tenth, hundredth, thousandth = found["tpr"]
    assert [entry["limit"] for entry in found["tpr"]] == [0.1, 0.01, 0.001]
    assert [entry["false_positives_allowed"] for entry in found["tpr"]] == [20, 2, 0]
    assert tenth["fpr"] <= 0.1
    assert tenth["published"] >= tenth["value"] and thousandth["published"] is None
    assert tenth["low"] <= tenth["value"] <= tenth["high"]
    assert tenth["note"] == "rests on at most 20 false positives"
    assert hundredth["value"] is not None
    assert "at most 2 false positives" in hundredth["note"]
    assert thousandth["value"] is thousandth["low"] is thousandth["high"] is None
    assert thousandth["note"].startswith("n/a: 200 nonmembers")
    assert found["flags"] == ["few_false_positives", "too_few"]


def test_threshold_is_chosen_on_calibration_nonmembers_the_attack_has_not_learnt_from(target):
    folder, members = target
    table = scores(members, 1.0)
    free = members[(members["fold"] == "calibration") & ~members["member"]]
    learnt, left = free["image_id"][:100], free["image_id"][100:]
    path = write_scores(folder / "fit.parquet", table, trained=True, fit_image_ids=list(learnt))
    carried = run(folder, path)["carried"]
    expected = table.set_index("image_id")["score"][left].nlargest(10).min()
    assert carried[0]["thresholds"] == [expected]
    assert carried[0]["n_calibration"] == 100
    rows = members.assign(score=table["score"])[members["fold"] == "evaluation"]
    called = rows["score"] >= expected
    assert carried[0]["fpr"]["value"] == called[~rows["member"]].mean()
    assert carried[0]["tpr"]["value"] == called[rows["member"]].mean()
    assert carried[0]["fpr"]["low"] < carried[0]["fpr"]["value"] < carried[0]["fpr"]["high"]
    assert carried[2]["thresholds"] == []
    assert carried[2]["note"].startswith("n/a: 100 nonmembers that choose the threshold")


def test_a_blind_baseline_has_no_threshold_and_a_coin_has(target):
    folder, members = target
    table = scores(members, 0.0)
    fitted = {"fit_image_ids": list(members["image_id"][members["fold"] == "calibration"])}
    blind = run(folder, write_scores(folder / "blind_x.parquet", table, **BLIND, **fitted))
    assert blind["carried"] is None
    assert blind["blind"] is True
    coin = run(folder, write_scores(folder / "coin.parquet", table, access="model-free"))
    assert coin["blind"] is False
    assert coin["carried"][0]["thresholds"][0] is not None


def test_flags_are_raised(target):
    folder, members = target
    below = run(folder, write_scores(folder / "below.parquet", scores(members, -1.0)))
    assert "below_chance" in below["flags"]
    flat = scores(members, 0.0).assign(score=1.0)
    constant = run(folder, write_scores(folder / "flat.parquet", flat))
    assert "constant" in constant["flags"]
    assert constant["auc"]["value"] == 0.5
    assert constant["auc"]["low"] < 0.5 < constant["auc"]["high"]
    assert constant["carried"][0]["thresholds"] == [None]
    shifted = scores(members, 0.0)
    shifted.loc[members["fold"] == "evaluation", "score"] += 2
    moved = run(folder, write_scores(folder / "moved.parquet", shifted))
    assert "threshold_does_not_carry" in moved["flags"]
    assert moved["carried"][0]["fpr"]["low"] > 0.1
    (there,) = moved["carried"][0]["fpr_each"]
    assert there == {"on": "evaluation", **moved["carried"][0]["fpr"]}


def test_related_images_give_an_interval_by_group(tmp_path):
    members = membership(per_class=100, group_size=2)
    storage.write(members, tmp_path / "membership.parquet")
    found = run(tmp_path, write_scores(tmp_path / "loss.parquet", scores(members, 1.0)))
    assert found["auc"]["method"] == "logit and Newcombe by group"


def test_a_dropped_row_is_not_scored_and_not_missed(tmp_path):
    members = membership(per_class=100)
    members.loc[[0, 1, 150], ["kept", "reason"]] = [False, "duplicate"]
    storage.write(members, tmp_path / "membership.parquet")
    found = run(tmp_path, write_scores(tmp_path / "loss.parquet", scores(members, 1.0)))
    assert (found["n_member"], found["n_nonmember"]) == (49, 50)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.assign(score=t["score"].where(t.index != 3)), "image00003"),
        (lambda t: t.assign(score=t["score"].where(t.index != 4, np.inf)), "image00004"),
        (lambda t: t.drop(5), "without a score; expected one: image00005"),
        (lambda t: t.iloc[[*range(len(t)), 6]], "scored twice; expected once: image00006"),
        (lambda t: t.replace({"image_id": {"image00007": "x"}}), "image00007"),
    ],
)
def test_a_score_that_is_no_number_stops_and_names_the_image(target, spoil, message):
    folder, members = target
    path = write_scores(folder / "loss.parquet", spoil(scores(members, 0.0)))
    with pytest.raises(SystemExit, match=f"error: .*loss.parquet.*{re.escape(message)}$"):
        run(folder, path)
    assert not (folder / "metrics.json").exists()


def test_an_empty_side_is_named(tmp_path):
    members = membership(per_class=20)
    members = members[members["member"] | (members["fold"] == "calibration")]
    storage.write(members, tmp_path / "membership.parquet")
    path = write_scores(tmp_path / "loss.parquet", scores(members, 0.0))
    with pytest.raises(SystemExit, match="10 members and 0 nonmembers are reported on"):
        run(tmp_path, path)


def test_metrics_do_not_depend_on_other_attacks_or_on_the_order_of_rows(target):
    folder, members = target
    table = scores(members, 1.0)
    path = write_scores(folder / "scores" / "loss.parquet", table)
    run(folder, path, "first.json")
    write_scores(folder / "scores" / "other.parquet", scores(members, 3.0, seed=9))
    write_scores(path, table.sample(frac=1, random_state=0))
    storage.write(members.sample(frac=1, random_state=1), folder / "membership.parquet")
    run(folder, path, "second.json")
    assert (folder / "first.json").read_bytes() == (folder / "second.json").read_bytes()


def test_bands_balanced_accuracy_and_draws(target):
    folder, members = target
    table = scores(members, 1.0)
    generator = np.random.default_rng(1)
    table = table.assign(draw_0=table["score"], draw_1=table["score"] + generator.normal(size=800))
    found = run(folder, write_scores(folder / "loss.parquet", table))
    assert found["auc"]["chance_low"] < 0.5 < found["auc"]["chance_high"] < found["auc"]["low"]
    assert found["partial_auc"]["limit"] == 0.1
    assert found["partial_auc"]["value"] > found["partial_auc"]["chance_high"]
    hundredth = found["tpr"][1]
    assert 0 <= hundredth["chance_low"] < 0.01 < hundredth["chance_high"] < 0.06

    def gap(rows, threshold):
        called = rows["score"] >= threshold
        return called[rows["member"]].mean() - called[~rows["member"]].mean()

    rows = members.assign(score=table["score"], second=table["draw_1"])
    calibration, rows = (rows[rows["fold"] == f] for f in ("calibration", "evaluation"))
    gaps = {score: gap(calibration, score) for score in calibration["score"]}
    balanced, best = found["balanced_accuracy"], max(gaps.values())
    assert balanced["thresholds"][0] == max(s for s in gaps if gaps[s] == pytest.approx(best))
    expected = (1 + gap(rows, balanced["thresholds"][0])) / 2
    assert balanced["value"] == pytest.approx(expected)
    assert balanced["low"] < expected < balanced["high"]
    assert balanced["value"] <= (1 + found["advantage"]["value"]) / 2

    areas = [auc(rows[column], rows["member"]) for column in ("score", "second")]
    draws = found["between_draws"]
    assert draws["draws"] == 2
    assert draws["auc"] == pytest.approx(areas)
    assert draws["sd"] == pytest.approx(abs(areas[0] - areas[1]) / np.sqrt(2))


def test_epsilon_only_where_membership_was_randomised(target):
    folder, members = target
    path = write_scores(folder / "loss.parquet", scores(members, 3.0))
    assert run(folder, path)["epsilon"]["note"] == "n/a: membership was not randomised"
    found = run(folder, path, randomised=True)["epsilon"]
    assert found["value"] > 1
    assert found["pairs"] == 200


# Flags


@pytest.mark.parametrize(
    ("flag", "about", "shift"),
    [
        ("below_chance", {}, -1.0),
        ("few_false_positives", {}, 0.0),
        ("too_few", {}, 0.0),
        ("combines_signals", {"combines_signals": True, "trained": True}, 0.0),
        ("other_captions", {"captions": "shuffled"}, 0.0),
        ("external", {"access": "external"}, 0.0),
        ("not_reproducible", {"repeats": {"pictures": 16, "difference": 0.002}}, 0.0),
        ("mixed_devices", {"devices": ["NVIDIA A100", "cpu"]}, 0.0),
    ],
)
def test_a_flag_stands_in_the_metrics(target, flag, about, shift):
    folder, members = target
    found = run(folder, write_scores(folder / "x.parquet", scores(members, shift), **about))
    assert flag in found["flags"]


def audited(verdict="FAIR", dropped=0):
    counts = {"nonmembers": {"kept": 100, "dropped": {"duplicate of member of openmoji": dropped}}}
    return {"verdict": verdict, "counts": counts}


def test_flags_of_a_target():
    assert target_flags(audited()) == []
    assert target_flags(audited("NOT FAIR")) == ["shift"]
    assert target_flags(audited(dropped=1)) == []
    assert target_flags(audited(dropped=3)) == ["duplicates_across_sets"]


def test_two_runs_that_differ_beyond_rounding_are_not_reproducible():
    scores = np.random.default_rng(0).normal(size=100)
    differences = (scores * 1e-6, 0.01 * (np.arange(100) == 5))
    harmless, alarming = (
        largest_difference(scores, scores + change, scores.std()) for change in differences
    )
    assert not flags.not_reproducible(harmless) and flags.not_reproducible(alarming)


SCORES = np.array([1.0, 2.0, 3.0])
RAISED = {  # flag: what raises it, what does not
    "below_chance": ((0.49,), (0.5,)),
    "too_few": ((1,), (2,)),
    "few_false_positives": ((2,), (10,)),
    "few_images": ((19,), (20,)),
    "few_groups": ((19, 20), (20, 40)),
    "constant": ((np.ones(3),), (SCORES,)),
    "not_finite": ((np.array([1.0, np.nan]),), (SCORES,)),
    "threshold_does_not_carry": (((3, 300), (20, 300), 0.05), ((3, 300), (4, 300), 0.05)),
    "shift": (("NOT FAIR",), ("UNDECIDED",)),
    "duplicates_across_sets": ((2, 100), (1, 100)),
    "combines_signals": ((True,), (False,)),
    "other_captions": (("fixed:a cat",), ("own",)),
    "external": (("external",), ("grey-box",)),
    "mixed_devices": ((["NVIDIA A100", "cpu"],), (["cpu"],)),
    "estimates_worse_than_zero": ((0.0,), (0.5,)),
    "fits_another_prediction_type": ((0.1,), (-0.1,)),
    "not_reproducible": ((0.002,), (0.0009,)),
}


def test_every_flag_can_be_raised():
    assert RAISED.keys() == flags.MEANINGS.keys()
    for flag, (alarming, harmless) in RAISED.items():
        raised = getattr(flags, flag)
        assert np.any(raised(*alarming)), flag
        assert not np.any(raised(*harmless)), flag


def test_every_flag_has_a_meaning_and_a_section_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "flags.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.M | re.S))
    assert set(sections) == set(flags.MEANINGS)
    for flag, text in sections.items():
        assert callable(getattr(flags, flag))
        assert flags.MEANINGS[flag].endswith(".")
        for part in ("**Raised when**", "**What it means.**", "**What to do.**"):
            assert part in text, f"{flag} lacks {part}"


def test_a_threshold_that_moved_shows_in_each_direction_and_not_in_both():
    """Where one half scores higher, its threshold is too high there and too low here."""
    rng, half = np.random.default_rng(0), np.arange(2000) % 2 == 0
    rows = pd.DataFrame({"score": rng.normal(size=2000) + 0.4 * half, "member": False})
    rows["fold"] = np.where(half, "evaluation", "calibration")
    rows = rows.assign(group=np.arange(2000), block=0, member=rng.random(2000) < 0.5)
    (entry,) = at_limits(directions(rows, rows), [0.1], 0.95)
    each = {one["on"]: one["value"] for one in entry["fpr_each"]}
    assert each["evaluation"] > 0.15 and each["calibration"] < 0.07
    assert entry["fpr"]["value"] == pytest.approx(0.12, abs=0.02)
    assert np.mean([*each.values()]) == pytest.approx(entry["fpr"]["value"], abs=0.01)


def test_copies_of_a_picture_make_a_carried_threshold_no_surer():
    rng = np.random.default_rng(0)
    alone = pd.DataFrame({"score": rng.normal(size=400), "member": np.repeat([True, False], 200)})
    alone = alone.assign(group=np.arange(400), fold="evaluation", block=0)
    fourfold = alone.loc[alone.index.repeat(4)]
    one, four = (at_limits([(rows, rows)], [0.1, 0.02], 0.95) for rows in (alone, fourfold))
    for name in ("fpr", "tpr", "alarm", "thresholds"):
        assert [entry[name] for entry in one] == [entry[name] for entry in four]
