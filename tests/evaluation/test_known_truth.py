"""The answer where the truth is known: scores of a made-up target with and without memory."""

import pytest

from known_scores import areas, target
from mia.evaluation.answer_rows import answer_row
from mia.evaluation.answers import NO_SIGN, USED, USED_UNLESS
from mia.evaluation.comparison import above_chance
from mia.evaluation.gain import gains
from mia.evaluation.set_test import set_test_rows


def answered(verdict, **how):
    tables, blind = target(**how)
    access = {**dict.fromkeys(tables, "grey-box"), "blind_image": "model-free"}
    tested = set_test_rows("t", {**tables, "blind_image": blind}, access, ["blind_image"], seed=1)
    above = above_chance(tables, 0.95)
    summary = [
        {
            "attack": name,
            "access": "grey-box",
            "n_nonmember": len(table) // 2,
            **areas(table),
            "above_chance": above[name],
        }
        for name, table in tables.items()
    ]
    audit = {"target": "t", "verdict": verdict, "margin": 0.03}
    return answer_row(summary, tested, gains(tables, 0.95), audit, False, False)


@pytest.mark.parametrize("verdict", ["FAIR", "BY DESIGN"])
def test_planted_memory_is_used(verdict):
    for seed in range(3):
        row = answered(verdict, seed=seed, memory=0.5)
        assert row["answer"] == USED and row["passing"] and row["images_needed"] < 300


def test_planted_memory_on_undecided_sets_is_used_unless():
    assert answered("UNDECIDED", seed=0, memory=0.5)["answer"] == USED_UNLESS
    assert answered("UNDECIDED", seed=0, memory=0.5, control=1.0)["answer"] == USED


@pytest.mark.parametrize("verdict", ["FAIR", "BY DESIGN", "UNDECIDED", "NOT FAIR"])
def test_nothing_planted_is_never_used(verdict):
    """Each test errs at 1 %: 1.2 % of 250 such targets pass, and 1.2 % beyond the baseline."""
    found = [answered(verdict, seed=seed)["answer"] for seed in range(20, 40)]
    assert USED not in found and USED_UNLESS not in found
    assert verdict == "NOT FAIR" or set(found) == {NO_SIGN}


def test_members_that_are_merely_easier_are_never_used_with_a_control_that_is_alike():
    for seed in range(20):
        row = answered("FAIR", seed=seed, hidden=0.5, control=0.95)
        assert row["passing"] and USED not in row["answer"]


def test_a_gain_finds_memory_behind_a_shift():
    """The sets differ, so that without a control nothing can be told."""
    how = {"memory": 0.5, "seen": 1.0}
    for seed in range(5):
        assert answered("NOT FAIR", seed=seed, control=0.9, **how)["answer"] == USED
        assert answered("NOT FAIR", seed=seed, **how)["answer"] == "Cannot be told"


@pytest.mark.proof
@pytest.mark.parametrize(
    ("verdict", "how"),
    [
        ("BY DESIGN", {}),
        ("FAIR", {}),
        ("FAIR", {"seen": 0.15}),
        ("UNDECIDED", {"seen": 0.3}),
        ("UNDECIDED", {"hidden": 0.4, "control": 0.9}),
        ("NOT FAIR", {"seen": 1.0, "control": 0.9}),
    ],
)
def test_false_claims_are_rare(verdict, how):
    """100 targets without memory each: at 1 % more than 4 claims come with a chance of 0.3 %."""
    found = [answered(verdict, seed=seed, n=150, **how)["answer"] for seed in range(100, 200)]
    assert sum(USED in one for one in found) <= 4
