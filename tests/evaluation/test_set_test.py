"""Is a collection in the training data? The test, its power and what blind baselines say."""

import numpy as np
import pandas as pd
import pytest

from made_target import membership, scores
from mia.evaluation.set_family import beyond_blind, family
from mia.evaluation.set_test import (
    COLUMNS,
    LEVEL,
    PASSES,
    TOLD_APART,
    doubt,
    false_alarms,
    power_rows,
    set_test_rows,
)
from mia.stats.permutation import max_t


def rows_of(members, shift, seed=0):
    table = members[members["block"] >= 0].set_index("image_id")
    table = table[["member", "group", "fold", "block"]]
    return table.assign(score=scores(members, shift, seed).set_index("image_id")["score"])


def examined(shifts, blind=(), per_class=400, group_size=1):
    members = membership(per_class, group_size)
    tables = {name: rows_of(members, shift, n) for n, (name, shift) in enumerate(shifts.items())}
    access = {name: "model-free" if name in blind else "grey-box" for name in shifts}
    return tables, set_test_rows("t", tables, access, blind, seed=1)


def whole(rows, attack):
    return next(row for row in rows if row["attack"] == attack and "p" in row)


def test_p_is_that_of_the_permutation_test_by_group():
    tables, rows = examined({"loss": 0.2, "pia": 0.1}, group_size=2)
    stacked = np.stack([table["score"] for table in tables.values()])
    member, group = (tables["loss"][name].to_numpy() for name in ("member", "group"))
    expected = max_t(stacked, member, group, 9_999, seed=1)
    for row, name in enumerate(tables):
        found = whole(rows, name)
        assert found["p"] == expected.p[row] and found["p_family"] == expected.p_family[row]
        spread = stacked[row][~member].std()
        assert found["difference"] == pytest.approx(expected.difference[row] / spread)
        assert found["size"] == 100
        assert set(found) <= set(COLUMNS)


def test_a_weak_signal_shows_in_a_large_set_only():
    _, rows = examined({"loss": 0.4}, per_class=1000)
    by_size = {row["size"]: row for row in rows if "power" in row}
    assert list(by_size) == [10, 20, 50, 100, 200, 500]
    assert by_size[10]["power"] < 0.4 < 0.9 < by_size[200]["power"]
    for row in by_size.values():
        assert row["power_low"] < row["power"] < row["power_high"]
    first = whole(rows, "loss")
    assert first["p"] == 1e-4
    assert 0.1 < first["smallest_gap"] < 0.3  # (2.3 + 0.8) standard errors of 0.063
    sizes = [size for size, row in by_size.items() if row["power"] >= 0.8]
    assert sizes[0] / 2.5 <= first["images_needed"] <= sizes[0]


def test_a_gap_that_needs_more_nonmembers_has_no_number_of_images():
    _, rows = examined({"loss": -0.5})
    assert whole(rows, "loss")["images_needed"] is None


@pytest.mark.parametrize("law", ["normal", "skewed"])
def test_false_alarms_are_those_of_the_sizes_at_hand(law):
    """10 claimed images against 400 nonmembers: Welch's test passes 5 % at 1 % if skewed."""
    known = np.random.default_rng(0).normal(size=400)
    known = known if law == "normal" else -np.exp(known)
    share = false_alarms((known, np.arange(400)), 10, seed=0)
    assert share <= LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / 500)
    many = max_t(np.random.default_rng(1).choice(known, (500, 410)), np.arange(410) < 10, None, 199)
    assert (many.p <= 0.05).mean() == pytest.approx(0.05, abs=0.03)


def test_a_baseline_that_passes_alone_is_told_beside_one_that_passes_among_many():
    assert doubt([0.5, 0.2]) == ""
    assert doubt([0.5, 0.03]) == PASSES.format(tried=4)
    assert doubt([0.5, 0.01]) == doubt([0.995, 0.5]) == TOLD_APART


def test_blind_baselines_are_no_part_of_the_family():
    _, fair = examined({"loss": 1.0, "blind_image": 0.0}, blind=["blind_image"])
    _, shifted = examined({"loss": 1.0, "blind_image": -1.0}, blind=["blind_image"])
    assert whole(fair, "loss")["note"] == ""
    assert whole(fair, "loss")["blind_p"] > 0.05
    assert whole(shifted, "loss")["note"] == TOLD_APART
    assert whole(shifted, "loss")["blind_p"] == whole(shifted, "blind_image")["p"] > 0.999
    assert whole(shifted, "blind_image")["p_family"] is None
    assert "p_excess" not in whole(shifted, "blind_image")
    assert whole(fair, "loss")["p_family"] == whole(fair, "loss")["p"]


def test_the_excess_is_that_over_the_baseline_that_foresees_most():
    """An attack that only repeats a baseline passes, and no excess is left."""
    members = membership(400)
    repeated, nothing = rows_of(members, 0.5, 1), rows_of(members, 0.0, 2)
    attack = repeated.assign(score=repeated["score"] + 0.2 * rows_of(members, 0.0, 3)["score"])
    memory = rows_of(members, 0.8, 4)
    tables = {"loss": attack, "pia": memory}
    # log odds of a normal law with shift 0.5: 0.5 z - 0.125
    odds = {"a": repeated.assign(score=0.5 * repeated["score"]), "b": nothing.assign(score=0.0)}
    plain, left = family(tables, 0), beyond_blind(tables, odds, 0)
    assert plain["loss"].p_family < LEVEL < 0.1 < left["loss"].p_family
    assert left["pia"].p_family < LEVEL
    assert left["loss"].gap == pytest.approx(0, abs=0.25) and left["pia"].gap > 0.4
    assert beyond_blind(tables, {}, 0) == {}


def test_attacks_that_learn_block_by_block_are_a_family_of_their_own():
    members = membership(300, blocks=6)
    table = rows_of(members, 0.2)
    plain = table.assign(block=0)
    learnt = table[table["block"] > 0]
    learnt = learnt.assign(score=learnt["score"] * (1 + learnt["block"]) + 9 * learnt["block"])
    alone, both = family({"a": plain}, 0), family({"a": plain, "b": learnt}, 0)
    assert both["a"].p == alone["a"].p
    assert both["a"].p_family == pytest.approx(min(1, 2 * alone["a"].p_family))
    by_hand = family({"b": learnt.assign(score=table.loc[learnt.index, "score"], block=0)}, 0)
    assert both["b"].gap == pytest.approx(by_hand["b"].gap, abs=0.05)  # scale of a block is none


def test_members_that_score_lower_are_no_sign_of_training():
    _, rows = examined({"loss": -1.0, "pia": 0.0})
    assert whole(rows, "loss")["p"] > 0.999
    assert whole(rows, "pia")["p"] <= whole(rows, "pia")["p_family"]


def test_a_class_of_one_group_is_not_tested():
    table = rows_of(membership(50), 1.0)
    table.loc[table["member"], "group"] = "one"
    assert family({"loss": table}, 0)["loss"].p_family == 1.0
    assert power_rows(table, 0, LEVEL) == [{"size": 1}]


@pytest.mark.proof
def test_no_attack_passes_more_often_than_said():
    """40 sets of 30 against 300, 8 attacks that are alike: any passes at 10 % in 4 of 40."""
    rng, passed = np.random.default_rng(0), 0
    for _ in range(40):
        base = rng.normal(size=330)
        tables = {}
        for number in range(8):
            score = -np.exp(0.7 * base + 0.7 * rng.normal(size=330))
            member = np.arange(330) < 30
            columns = {"score": score, "member": member, "group": np.arange(330), "block": 0}
            tables[f"a{number}"] = pd.DataFrame(columns, index=[f"i{n}" for n in range(330)])
        passed += min(one.p_family for one in family(tables, 0, 999).values()) <= 0.1
    assert passed <= 4 + 2 * np.sqrt(40 * 0.1 * 0.9)
