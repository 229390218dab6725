"""What a defence changes: planted changes are found, none is found where there is none."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from mia.evaluation.before_after import COLUMNS, change_rows, require_same_images
from mia.evaluation.change_words import LOWERED, RAISED, UNDECIDED, in_brief, sentence
from mia.evaluation.pairwise import pairwise_rows
from mia.stats.metrics import auc

SETTINGS = {"confidence": 0.95, "resamples": 100, "seed": 0}
PAIR = ("plain", "defended")


def models(shifts, n=300, alike=0.7, hidden=0.0, seed=0, size=1, blocks=1):
    """Return reported rows of one attack on several models, on the same images.

    Args:
        shifts: How far training moves members, one a model.
        alike: Correlation of the models' scores.
        hidden: How far members are easier for every model.
        size: Images in a group, which share half of the ease.
        blocks: More than one for an attack that learns.
    """
    rng, member = np.random.default_rng(seed), np.repeat([True, False], n)
    group = np.arange(2 * n) // size
    ease = rng.normal(size=2 * n)
    if size > 1:
        ease = (ease + rng.normal(size=2 * n)[group]) / math.sqrt(2)
    ease = math.sqrt(alike) * ease + hidden * member
    index = pd.Index([f"i{number:05d}" for number in range(2 * n)], name="image_id")
    images = {"member": member, "group": group, "fold": "", "block": group % blocks}
    noise = math.sqrt(1 - alike) * rng.normal(size=(len(shifts), 2 * n))
    return [
        pd.DataFrame({**images, "score": ease + own + shift * member}, index)
        for shift, own in zip(shifts, noise, strict=True)
    ]


def rows_of(shifts, **how):
    """The rows of a comparison whose attacks have these (before, after) shifts."""
    found = [models(pair, seed=number, **how) for number, pair in enumerate(shifts)]
    before, after = ({f"a{k}": pair[end] for k, pair in enumerate(found)} for end in (0, 1))
    return change_rows("defence", PAIR, before, after, SETTINGS)


def test_planted_changes_are_found_with_their_direction():
    rows = rows_of([(1.0, 0.3), (0.2, 0.9), (0.5, 0.5)])
    assert [row["direction"] for row in rows] == [LOWERED, RAISED, UNDECIDED]
    assert [*rows[0]] == COLUMNS
    expected = [NormalDist().cdf(shift / math.sqrt(2)) for shift in (1.0, 0.3)]
    first = rows[0]
    assert (first["auc_before"], first["auc_after"]) == pytest.approx(expected, abs=0.04)
    assert first["change"] == pytest.approx(first["auc_after"] - first["auc_before"])
    for row in rows:
        assert (row["low"] > 0 or row["high"] < 0) == (row["p_holm"] < 0.05)
        assert row["low"] <= row["change"] <= row["high"] and abs(row["change"]) <= row["within"]
        assert row["tpr_limit"] == 0.1
        change = row["tpr_after"] - row["tpr_before"]
        assert row["tpr_change"] == pytest.approx(change)
        assert row["tpr_change_low"] <= change <= row["tpr_change_high"]


def test_one_attack_is_compared_as_a_pair_of_attacks_is():
    before, after = models((1.0, 0.6))
    (row,) = change_rows("defence", PAIR, {"a": before}, {"a": after}, SETTINGS)
    (pair,) = pairwise_rows("t", {"after": after, "before": before}, 0.95)
    for mine, theirs in (("change", "difference"), ("low", "low"), ("high", "high"), ("p", "p")):
        assert row[mine] == pytest.approx(pair[theirs])


def test_what_is_lost_to_the_defence_turns_when_the_targets_turn():
    before, after = models((1.0, 0.6))
    (there,) = change_rows("d", PAIR, {"a": before}, {"a": after}, SETTINGS)
    (back,) = change_rows("d", PAIR[::-1], {"a": after}, {"a": before}, SETTINGS)
    assert (back["direction"], there["direction"]) == (RAISED, LOWERED)
    assert (back["low"], back["high"]) == pytest.approx((-there["high"], -there["low"]))
    assert back["within"] == pytest.approx(there["within"])


def test_of_attacks_that_learn_the_blocks_count_and_no_tpr_is_told():
    before, after = models((1.0, 0.3), blocks=5)
    for rows in (before, after):  # what is learnt later has another scale
        rows["score"] = rows["score"] * (1 + rows["block"]) + 10 * rows["block"]
    (row,) = change_rows("d", PAIR, {"a": before}, {"a": after}, SETTINGS)
    member, block = before["member"].to_numpy(), before["block"].to_numpy()
    areas = [auc(rows["score"].to_numpy(), member, block) for rows in (before, after)]
    assert (row["auc_before"], row["auc_after"]) == pytest.approx(areas)
    assert row["change"] == pytest.approx(areas[1] - areas[0])
    assert row["direction"] == LOWERED and row["tpr_limit"] is None


def test_too_few_nonmembers_have_no_tpr():
    (row,) = rows_of([(1.0, 0.3)], n=15)
    assert row["tpr_limit"] is None and row["tpr_change"] is None


def share(hidden, size, draws):
    """Share of comparisons of five attacks, none of which changes, that name a direction."""
    shifts, named = [(0.5, 0.5)] * 5, 0
    few = {**SETTINGS, "resamples": 2}
    for draw in range(draws):
        pairs = [
            models(pair, 60, hidden=hidden, size=size, seed=9 * draw + number)
            for number, pair in enumerate(shifts)
        ]
        sides = ({f"a{k}": pair[end] for k, pair in enumerate(pairs)} for end in (0, 1))
        rows = change_rows("d", PAIR, *sides, few)
        named += any(row["direction"] != UNDECIDED for row in rows)
    return named / draws


@pytest.mark.parametrize(("hidden", "size"), [(0.0, 1), (0.7, 1), (0.0, 4)])
def test_no_change_is_named_as_seldom_as_it_should(hidden, size):
    """Nominal 5 % of families, whatever shift both models see; three standard errors of 60."""
    assert share(hidden, size, 60) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


@pytest.mark.proof
@pytest.mark.parametrize(("hidden", "size"), [(0.0, 1), (0.7, 1), (0.0, 4)])
def test_no_change_is_named_as_seldom_as_it_should_in_many_draws(hidden, size):
    """Two points and two standard errors of 1,000."""
    assert share(hidden, size, 1000) <= 0.07 + 2 * math.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize("change", [0.0, 0.1])
def test_the_bound_holds_as_often_as_it_claims(change):
    """Over all attacks at once, which change alike; 95 %, less three standard errors."""
    truth = NormalDist().cdf((0.5 + change) / math.sqrt(2)) - NormalDist().cdf(0.5 / math.sqrt(2))
    held = []
    for draw in range(60):
        pairs = [models((0.5, 0.5 + change), 60, seed=7 * draw + number) for number in range(3)]
        sides = ({f"a{k}": pair[end] for k, pair in enumerate(pairs)} for end in (0, 1))
        rows = change_rows("d", PAIR, *sides, {**SETTINGS, "resamples": 2})
        held.append(abs(truth) <= max(row["within"] for row in rows))
    assert np.mean(held) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 60)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda rows: rows.iloc[:-1], "in one of them alone: i00599; expected the same images"),
        (lambda rows: rows.rename({"i00001": "j"}), "in one of them alone: i00001, j; expected"),
        (
            lambda rows: rows.assign(member=rows["member"] ^ (rows.index < "i00007")),
            "on another side, in another group or block: i00000, i00001, i00002, i00003, i00004 an",
        ),
        (lambda rows: rows.assign(group=0), "on another side, in another group or block: i00001"),
    ],
)
def test_other_images_are_refused_by_name(edit, said):
    before, after = models((1.0, 0.5))
    require_same_images("d", PAIR, {"a": before}, {"a": after.iloc[::-1].loc[before.index]})
    with pytest.raises(ValueError, match=r"compare\.d: images of plain and defended") as caught:
        require_same_images("d", PAIR, {"a": before}, {"a": edit(after)})
    assert said in str(caught.value) and "by a" in str(caught.value)


def test_a_table_with_a_side_too_many_is_counted():
    before, after = models((1.0, 0.5))
    with pytest.raises(ValueError, match="and 595 more; expected"):
        require_same_images("d", PAIR, {"a": before}, {"a": after.assign(group=-1)})


def test_it_is_said_in_words():
    row = {"before": "plain", "after": "defended", "direction": RAISED, "change": 0.0512}
    row |= {"low": 0.0312, "high": 0.0812, "within": 0.07612, "attack": "a"}
    assert sentence(row, 0.95) == "defended raised the AUC by 0.05 [0.03 to 0.08] against plain."
    rows = rows_of([(1.0, 0.3), (1.2, 0.4), (0.5, 0.5)])
    told = in_brief(rows, 0.95)
    assert told.startswith("Of 3 attacks, defended lowered the AUC of 2 against plain; 1 cannot be")
    assert "before (a1) and" in told and "after (a2)." in told
    alike = [{**row, "direction": UNDECIDED, "within": bound} for bound in (0.0301, 0.0709)]
    alike = [{**row, "auc_before": 0.5, "auc_after": 0.5} for row in alike]
    told = in_brief(alike, 0.95)
    assert told.startswith(
        "plain and defended cannot be told apart by 2 attacks: any change lies within ±0.071 (95 %"
    )
