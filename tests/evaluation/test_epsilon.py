"""The lower bound on ε, against randomised response, whose ε is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from mia.evaluation.epsilon import (
    NOT_RANDOMISED,
    bounds_together,
    lower_bound,
    p_value,
    privacy_bound,
)


def responses(epsilon: float, pairs: int, seed: int) -> pd.DataFrame:
    """Scores of pairs whose order is told right with probability e^ε / (1 + e^ε).

    Every image answers for itself, with ε / 2: so exchanging one for another costs ε at most,
    whichever member meets which nonmember.
    """
    generator = np.random.default_rng(seed)
    member = np.repeat([True, False], pairs)
    truth = generator.random(2 * pairs) < 1 / (1 + np.exp(-epsilon / 2))
    score = np.where(truth == member, 1.0, 0.0) + 1e-9 * generator.random(2 * pairs)
    columns = {"score": score, "member": member, "group": np.arange(2 * pairs), "block": 0}
    return pd.DataFrame(columns)


def bound(rows, seed=0, delta=1e-9):
    return privacy_bound(rows, None, 0.95, delta, seed)


@pytest.mark.parametrize("epsilon", [0.0, 1.0, 4.0])
def test_the_bound_is_below_the_true_epsilon_as_often_as_it_claims(epsilon):
    found = [bound(responses(epsilon, 300, seed), seed)["value"] for seed in range(200)]
    assert np.mean(np.array(found) <= epsilon) >= 0.95


def test_the_largest_of_many_bounds_holds_as_often_as_one():
    """Fifteen attacks that know nothing; each bound alone would often leave one above 0."""
    alone, together = [], []
    for run in range(60):
        rows = {str(n): responses(0.0, 200, 100 * run + n) for n in range(15)}
        alone.append(max(bound(found)["value"] for found in rows.values()))
        together.append(max(bounds_together(rows, 0.95, 1e-9, 0).values()))
    assert np.mean(np.array(together) > 0) <= 0.1 < np.mean(np.array(alone) > 0)


def test_a_large_epsilon_is_seen():
    found = bound(responses(8.0, 300, 0))
    assert 2.0 < found["value"] < 8.0
    assert found["pairs"] == 300
    assert found["correct"] <= found["guesses"] <= 300
    assert "it does not say how large ε is" in found["note"]


def test_pure_privacy_is_the_binomial_tail():
    # 9 of 10 right: under ε = 0 a coin does so with probability 11 / 1024.
    assert p_value(10, 10, 9, 0.0, 0.0) == pytest.approx(11 / 1024)
    epsilon = lower_bound(10, 10, 9, 0.0, 0.05)
    share = np.exp(epsilon) / (1 + np.exp(epsilon))
    assert binom.sf(8, 10, share) == pytest.approx(0.05, abs=1e-5)
    assert lower_bound(10, 10, 5, 0.0, 0.05) == 0.0


def test_delta_costs_what_the_theorem_says():
    # P[B >= 2] = 1/4 of two guesses; max of P[2 > B >= 1] / 1 = 1/2 and P[2 > B >= 0] / 2 = 3/8.
    assert p_value(5, 2, 2, 0.0, 0.01) == pytest.approx(1 / 4 + 2 * 5 * 0.01 * 1 / 2)
    assert lower_bound(300, 300, 280, 1e-3, 0.05) < lower_bound(300, 300, 280, 0.0, 0.05)
    assert lower_bound(300, 300, 280, 0.5, 0.05) == 0.0


def test_without_randomised_membership_there_is_no_bound():
    found = privacy_bound(responses(8.0, 100, 0), NOT_RANDOMISED, 0.95, 1e-5, 0)
    assert (found["value"], found["note"]) == (None, NOT_RANDOMISED)


def test_kin_take_no_part_and_equal_scores_are_wrong():
    rows = responses(8.0, 100, 0).assign(group=np.arange(200) // 2)
    assert bound(rows)["note"].startswith("n/a: no pair")
    flat = responses(8.0, 100, 0).assign(score=1.0)
    assert (bound(flat)["value"], bound(flat)["correct"]) == (0.0, 0)
