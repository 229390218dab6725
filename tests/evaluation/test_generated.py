"""Images that a model made, beside members and nonmembers: planted places are found."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from mia.evaluation.generated import COLUMNS, NO_THRESHOLD, NONE_REPORTED, generated_row
from mia.evaluation.numbers import numbers
from mia.evaluation.scored import comparable, reported

LIMIT = 0.1


def target(member=0.0, own=0.0, n=400, blocks=1, seed=0, alike=0.0, images=None):
    """Rows of both sides, and of images that stand in the places of the first members.

    Args:
        member: How far members score above nonmembers, in deviations.
        own: How far the made images do.
        n: Images of each side.
        blocks: More than one for an attack that learns: scales and places of its scores differ.
        alike: Correlation of a made image's score with that of its member.
        images: How many are made; by default as many as there are members.
    """
    rng, is_member = np.random.default_rng(seed), np.repeat([True, False], n)
    noise = rng.normal(size=2 * n)
    places = {
        "group": [f"g{number}" for number in range(2 * n)],
        "fold": np.where(np.arange(2 * n) % 2, "calibration", "evaluation"),
        "block": np.arange(2 * n) % blocks,
    }
    index = pd.Index([f"i{number:05d}" for number in range(2 * n)], name="image_id")
    rows = pd.DataFrame({**places, "member": is_member, "score": noise + member * is_member}, index)
    made = rows.iloc[: images or n].drop(columns="member")
    fresh = math.sqrt(1 - alike**2) * rng.normal(size=len(made))
    made = made.assign(score=own + fresh + alike * noise[: len(made)]).rename(lambda i: f"made-{i}")
    if blocks > 1:
        for table in (rows, made):  # as fits of different blocks would
            table["score"] = (1 + table["block"]) * table["score"] + 5 * table["block"]
            table.loc[table["block"] == 0, "score"] = np.nan
    return rows, made


def row_of(*tables, learnt_from=(), limit=LIMIT):
    return generated_row(*tables, "made.parquet", limit, 0.95, learnt_from)


@pytest.mark.parametrize("blocks", [1, 6])
@pytest.mark.parametrize(("member", "own"), [(0.0, 0.0), (0.5, 1.5), (1.0, -1.0)])
def test_planted_places_are_found(member, own, blocks):
    found = row_of(*target(member, own, n=900, blocks=blocks))
    assert {*found} | {"target", "attack"} == {*COLUMNS}
    phi = NormalDist().cdf
    assert found["auc_nonmembers"] == pytest.approx(phi(own / math.sqrt(2)), abs=0.04)
    assert found["auc_members"] == pytest.approx(phi((own - member) / math.sqrt(2)), abs=0.04)
    # The threshold of `limit` on nonmembers, in their deviations.
    strictness = NormalDist().inv_cdf(1 - LIMIT)
    assert found["called"] == pytest.approx(1 - phi(strictness - own), abs=0.05)
    assert found["members_called"] == pytest.approx(1 - phi(strictness - member), abs=0.05)
    assert found["nonmembers_called"] == pytest.approx(LIMIT, abs=0.05)
    assert found["called_low"] <= found["called"] <= found["called_high"]
    images = 900 if blocks == 1 else 900 * 5 // 6
    assert (found["n_generated"], found["n_member"], found["n_nonmember"]) == (images,) * 3


@pytest.mark.parametrize("blocks", [1, 6])
def test_thresholds_are_those_that_are_carried_on_the_sides(blocks):
    """The members' share is that of metrics/{target}/{attack}.json; copies of them have it too."""
    rows, made = target(0.8, blocks=blocks)
    made["score"] = rows.loc[rows["member"], "score"].to_numpy()
    found = row_of(rows, made)
    carried = numbers(rows, "s", 0.95, 100, 0)["carried"]
    (entry,) = [entry for entry in carried if entry["limit"] == LIMIT]
    assert found["members_called"] == entry["tpr"]["value"]
    assert found["nonmembers_called"] == entry["fpr"]["value"]
    assert found["called"] == found["members_called"]
    assert (found["called_low"], found["called_high"]) == (
        entry["tpr"]["low"],
        entry["tpr"]["high"],
    )
    assert found["auc_members"] == pytest.approx(0.5)


def test_a_score_is_brought_to_its_own_block():
    rows, made = target(0.5, blocks=6)
    part = reported(rows, "s")
    alike = comparable(part, made[made["block"] > 0])
    assert alike.groupby(made["block"]).std().between(0.7, 1.3).all()
    pd.testing.assert_series_equal(comparable(part, part), comparable(part))


@pytest.mark.parametrize("alike", [0.0, 0.8])
def test_intervals_hold_the_truth_as_often_as_they_claim(alike):
    """Without any signal: also where an image scores much as the member of its caption.

    Six hundred runs: 95 to 97 %, and 100 % against the members that the images are alike to.
    """
    runs = [row_of(*target(n=120, seed=seed, alike=alike)) for seed in range(1000, 1080)]
    for side in ("nonmembers", "members"):
        held = [one[f"auc_{side}_low"] <= 0.5 <= one[f"auc_{side}_high"] for one in runs]
        assert np.mean(held) >= 0.9, side
    assert np.mean([one["called"] for one in runs]) == pytest.approx(LIMIT, abs=0.015)


def test_few_images_need_not_be_in_every_block():
    found = row_of(*target(0.5, 0.5, blocks=6, images=9))
    assert found["n_generated"] == 7 and 0 < found["auc_nonmembers"] < 1
    assert found["auc_nonmembers_low"] < found["auc_nonmembers"] < found["auc_nonmembers_high"]
    rows, made = target(0.5, blocks=6, images=3)
    assert row_of(rows, made[made["block"] == 2])["n_generated"] == 1
    none = row_of(rows, made[made["block"] == 0])
    assert none["note"] == NONE_REPORTED and none.get("called") is None


def test_where_no_threshold_can_be_had_the_note_says_why():
    found = row_of(*target(n=12), limit=0.01)
    assert "called" not in found and "allow 0 false positives" in found["note"]
    rows, made = target()
    once = rows.assign(block=np.where(rows["fold"] == "evaluation", 0, -1))
    made = made.assign(block=once.loc[rows.index[: len(made)], "block"].to_numpy())
    learnt_from = rows.index[rows["fold"] == "calibration"]
    found = row_of(once, made, learnt_from=learnt_from)
    assert found["note"] == NO_THRESHOLD and found["n_generated"] == len(made) // 2


def test_a_score_that_is_no_number_is_named():
    rows, made = target(blocks=6)
    made.loc[made.index[1], "score"] = np.inf
    with pytest.raises(ValueError, match=r"made.parquet: made-i00001: a score that is not finite"):
        row_of(rows, made)
