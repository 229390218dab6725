"""The partial AUC and its interval: hand values, scikit-learn's, and coverage."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from mia.stats.areas import partial_auc, share, standardised
from mia.stats.auc_intervals import auc_interval
from mia.stats.partial_auc_intervals import partial_auc_interval


def sample(n_member, n_nonmember, shift=0.0, seed=0, digits=None, spread=1.0):
    member = np.repeat([True, False], [n_member, n_nonmember])
    scores = np.random.default_rng(seed).normal(size=len(member))
    scores = np.where(member, scores * spread + shift, scores)
    return (scores if digits is None else scores.round(digits)), member


@pytest.mark.parametrize("digits", [None, 1, 0])
@pytest.mark.parametrize("limit", [0.1, 0.013, 1.0])
def test_partial_auc_is_sklearns(limit, digits):
    scores, member = sample(70, 110, shift=0.5, digits=digits)
    expected = roc_auc_score(member, scores, max_fpr=limit)
    assert partial_auc(scores, member, limit) == pytest.approx(expected, abs=1e-12)


def test_partial_auc_by_hand():
    # Of ten nonmembers one lies above both members; up to an FPR of 0.2 the curve is 0, then 1.
    scores = np.array([5.0, 4.0, 6.0, 3, 2, 1, 0, -1, -2, -3, -4, -5])
    member = np.repeat([True, False], [2, 10])
    assert partial_auc(scores, member, 0.2) == pytest.approx((1 + (0.1 - 0.02) / 0.18) / 2)


def test_interval_of_the_partial_auc():
    scores, member = sample(300, 300, 0.8)
    interval = partial_auc_interval(scores, member, 0.1, 0.95)
    assert interval.low < interval.value < interval.high
    assert interval.value == partial_auc(scores, member, 0.1)
    everywhere = partial_auc_interval(scores, member, 1.0, 0.95, resamples=2000)
    delong = auc_interval(scores, member, 0.95)
    assert (everywhere.low, everywhere.high) == pytest.approx((delong.low, delong.high), abs=0.01)
    perfect = partial_auc_interval(member * 1.0, member, 0.1, 0.95)
    assert perfect.value == perfect.high == 1.0
    assert perfect.low == auc_interval(member * 1.0, member, 0.95).low


def test_the_mean_tpr_and_the_standardised_area_are_one_number():
    for limit in (0.01, 0.1, 1.0):
        assert standardised(limit * share(0.7, limit), limit) == pytest.approx(0.7)


def truth_of(shift, limit, spread=1.0):
    fpr = (np.arange(20_000) + 0.5) / 20_000 * limit
    return standardised(limit * norm.sf((norm.isf(fpr) - shift) / spread).mean(), limit)


def coverage(m, n, shift, simulations, spread=1.0, blocks=1):
    truth, covered = truth_of(shift, 0.1, spread), []
    block = None
    if blocks > 1:
        block = np.concatenate([np.arange(m) * blocks // m, np.arange(n) * blocks // n])
    for seed in range(simulations):
        scores, member = sample(m, n, shift, seed, spread=spread)
        found = partial_auc_interval(
            scores, member, 0.1, 0.95, resamples=200, seed=seed, block=block
        )
        assert 0 <= found.low <= found.value <= found.high <= 1
        covered.append(found.low <= truth <= found.high)
    return np.mean(covered)


@pytest.mark.parametrize(("m", "n", "shift"), [(50, 50, 2.5), (300, 50, 1.0), (100, 300, 1.0)])
def test_the_interval_covers_with_few_nonmembers(m, n, shift):
    """Percentiles of the bootstrap alone cover 80 and 85 % in the first two cases."""
    assert coverage(m, n, shift, 100) >= 0.92 - 2 * math.sqrt(0.05 * 0.95 / 100)


@pytest.mark.proof
@pytest.mark.parametrize(("shift", "spread"), [(0.0, 1.0), (1.0, 1.0), (2.5, 1.0), (-0.4, 0.8)])
@pytest.mark.parametrize(("m", "n"), [(50, 50), (300, 50), (100, 100), (50, 500), (300, 300)])
def test_the_interval_covers_about_as_often_as_it_claims(m, n, shift, spread):
    assert coverage(m, n, shift, 400, spread) >= 0.91


@pytest.mark.parametrize("shift", [0.5, 2.0])
def test_the_interval_over_blocks_covers(shift):
    assert coverage(300, 300, shift, 60, blocks=5) >= 0.92 - 2 * math.sqrt(0.05 * 0.95 / 60)


def test_too_few_nonmembers_tell_nothing():
    scores, member = sample(100, 15, 1.0)
    found = partial_auc_interval(scores, member, 0.1, 0.95)
    assert (found.low, found.high) == (0.0, 1.0)
    assert found.method.startswith("none: fewer than two nonmembers")


def test_the_partial_auc_over_blocks_is_the_mean_of_theirs():
    scores, member = sample(200, 200, 1.0)
    block = np.arange(400) % 4
    found = partial_auc_interval(scores, member, 0.1, 0.95, resamples=50, block=block)
    parts = [partial_auc(scores[block == k], member[block == k], 0.1) for k in range(4)]
    assert found.value == pytest.approx(np.mean(parts))
