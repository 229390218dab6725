"""Named images: p-values by hand, and how many of the named are nonmembers."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from mia.stats.conformal import conformal_p, false_discovery_adjusted, named


def test_conformal_p_counts_nonmembers_at_least_as_high():
    known = np.array([3.0, 1.0, 2.0, 2.0])
    assert conformal_p(np.array([9.0, 3.0, 2.0, 1.5, 1.0]), known).tolist() == [
        *(1 / 5, 2 / 5, 4 / 5, 4 / 5),
        1.0,
    ]
    assert conformal_p(np.array([math.inf, -math.inf]), known).tolist() == [1 / 5, 1.0]


@pytest.mark.parametrize("digits", [None, 0])
def test_a_nonmembers_p_is_as_small_as_it_says(digits):
    """Its law is uniform on multiples of 1 / (n + 1) without ties, and larger with them."""
    scores = np.random.default_rng(0).normal(size=(20_000, 20))
    scores = scores if digits is None else scores.round(digits)
    p = np.array([conformal_p(row[:1], row[1:])[0] for row in scores])
    for level in (0.05, 0.1, 0.5):
        error = math.sqrt(level * (1 - level) / len(p))
        assert (p <= level + 1e-9).mean() <= level + 3 * error
        if digits is None:
            assert (p <= level + 1e-9).mean() == pytest.approx(level, abs=3 * error)


@pytest.mark.parametrize("seed", range(5))
def test_the_selection_is_statsmodels(seed):
    p = np.random.default_rng(seed).random(40) ** 3
    chosen, adjusted = multipletests(p, 0.1, method="fdr_bh")[:2]
    assert false_discovery_adjusted(p) == pytest.approx(adjusted)
    assert named(p, 0.1).tolist() == chosen.tolist()
    assert named(np.empty(0), 0.1).tolist() == []


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_false_discoveries_keep_their_rate(share):
    """800 sets of 100 images in question against 500 nonmembers; a share are members."""
    rng, rates, found = np.random.default_rng(1), [], []
    for _ in range(800):
        member = np.arange(100) < 100 * share
        p = conformal_p(rng.normal(size=100) + 2.5 * member, rng.normal(size=500))
        chosen = named(p, 0.2)
        rates.append((chosen & ~member).sum() / max(chosen.sum(), 1))
        found.append(chosen[member].mean() if share else 0)
    bound = 0.2 * (1 - share)
    error = np.std(rates) / math.sqrt(len(rates))
    assert np.mean(rates) == pytest.approx(bound, abs=3 * error + 0.01)
    assert not share or np.mean(found) >= 0.3  # it names many, so the rate is put to the test


def test_p_values_without_correction_would_not_keep_it():
    rng = np.random.default_rng(1)
    rates = []
    for _ in range(200):
        member = np.arange(100) < 20
        chosen = conformal_p(rng.normal(size=100) + 2.5 * member, rng.normal(size=500)) <= 0.2
        rates.append((chosen & ~member).sum() / max(chosen.sum(), 1))
    assert np.mean(rates) > 0.4


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="need nonmembers"):
        conformal_p(np.ones(2), np.empty(0))
    with pytest.raises(ValueError, match="nonmember_scores must be numbers, got nan in 1"):
        conformal_p(np.ones(2), np.array([1.0, math.nan]))
    for rate in (0.0, 1.0, -0.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            named(np.array([0.5]), rate)
