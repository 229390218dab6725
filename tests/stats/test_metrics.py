"""AUC, operating points and their intervals: hand values, other libraries, coverage."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from statsmodels.stats.multitest import multipletests

from mia.evaluation import flags
from mia.stats import metrics
from mia.stats.intervals import (
    auc_interval,
    detectable_auc,
    rate_interval,
)
from mia.stats.paired import auc_differences, holm, paired_auc_difference


def sample(n_member, n_nonmember, shift=0.0, seed=0, digits=None):
    generator = np.random.default_rng(seed)
    member = np.repeat([True, False], [n_member, n_nonmember])
    scores = generator.normal(size=len(member)) + shift * member
    return (scores if digits is None else scores.round(digits)), member


# AUC


@pytest.mark.parametrize("digits", [None, 0, 1])
def test_auc_agrees_with_sklearn_with_and_without_ties(digits):
    scores, member = sample(70, 110, shift=0.5, digits=digits)
    assert metrics.auc(scores, member) == pytest.approx(roc_auc_score(member, scores), abs=1e-12)


def test_auc_of_an_empty_class_says_what_it_found():
    with pytest.raises(ValueError, match="3 members, 0 nonmembers"):
        metrics.auc(np.arange(3.0), np.ones(3, bool))


def test_delong_against_values_computed_by_hand():
    # Members 3, 1; nonmembers 2, 0. Member 3 beats both, member 1 beats one: AUC 3/4.
    # Components: members 1, 1/2; nonmembers 1/2, 1. Variance (1/8) / 2 + (1/8) / 2 = 1/8.
    scores, member = np.array([3.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False])
    values, covariance = metrics.auc_covariance(scores[None], member)
    assert values[0] == pytest.approx(0.75)
    assert covariance[0, 0] == pytest.approx(0.125)


def wins(scores, member):
    """Every member against every nonmember, one by one: 1 won, 0.5 tied, 0 lost."""
    return [[(m > n) + (m == n) / 2 for n in scores[~member]] for m in scores[member]]


def naive_delong(first, second, member):
    """AUCs and covariance of two scores from their pairs, as DeLong et al. 1988 write it."""
    tables = [np.array(wins(scores, member)) for scores in (first, second)]
    covariance = np.zeros((2, 2))
    for r, s in np.ndindex(2, 2):
        for axis in (1, 0):  # structural components of members, of nonmembers
            x, y = tables[r].mean(axis), tables[s].mean(axis)
            n = len(x)
            covariance[r, s] += sum((x - x.mean()) * (y - y.mean())) / (n - 1) / n
    return [table.mean() for table in tables], covariance


@pytest.mark.parametrize("digits", [None, 1, 0])
def test_delong_agrees_with_all_pairs_compared_one_by_one(digits):
    first, member = sample(23, 31, shift=0.7, seed=3, digits=digits)
    second = (first + sample(23, 31, seed=4)[0]).round(1)
    values, covariance = metrics.auc_covariance(np.stack([first, second]), member)
    expected = naive_delong(first, second, member)
    assert values == pytest.approx(expected[0])
    np.testing.assert_allclose(covariance, expected[1], rtol=1e-9)


def test_delong_agrees_with_another_implementation():
    """Numbers of MLstatkit 0.1.91, `Delong_test(member, first, second)`, on tied scores."""
    first, member = sample(200, 300, shift=0.7, seed=3, digits=1)
    second = (first + sample(200, 300, seed=4)[0]).round(1)
    for scores, area, ends in (
        (first, 0.6857916666666668, (0.6384770920413514, 0.7331062412919822)),
        (second, 0.6504166666666666, (0.6008831919148471, 0.6999501414184862)),
    ):
        values, covariance = metrics.auc_covariance(scores[None], member)
        half = metrics.two_sided(0.95) * math.sqrt(covariance[0, 0])
        assert values[0] == pytest.approx(area)
        assert (values[0] - half, values[0] + half) == pytest.approx(ends)
    difference = paired_auc_difference(first, second, member)
    assert difference.p == pytest.approx(0.061276419759300774)
    assert difference.error**2 == pytest.approx(0.0003572854070263053)


@pytest.mark.parametrize(("n", "shift"), [(500, 0.2), (2500, 0.05), (500, 1.0)])
def test_delong_covers_the_true_auc_as_often_as_it_claims(n, shift):
    """1,000 simulations at once: each is one row of scores on the same labels."""
    member = np.repeat([True, False], n)
    scores = np.random.default_rng(n).normal(size=(1000, 2 * n)) + shift * member
    values, covariance = metrics.auc_covariance(scores, member)
    half = metrics.two_sided(0.95) * np.sqrt(np.diag(covariance))
    covered = np.abs(values - norm.cdf(shift / math.sqrt(2))) <= half
    assert 0.93 <= covered.mean() <= 0.97


# Paired difference


def test_difference_of_identical_scores_is_zero():
    scores, member = sample(50, 50, 0.5)
    difference = paired_auc_difference(scores, scores.copy(), member)
    assert (difference.value, difference.p) == (0.0, 1.0)


def test_paired_difference_agrees_with_a_bootstrap():
    first, member = sample(300, 300, 0.6)
    second = first + sample(300, 300, seed=1)[0]
    difference = paired_auc_difference(first, second, member)
    generator, resampled = np.random.default_rng(0), []
    for _ in range(500):
        rows = np.concatenate(
            [generator.integers(300, size=300), generator.integers(300, 600, 300)]
        )
        resampled.append(
            metrics.auc(first[rows], member[rows]) - metrics.auc(second[rows], member[rows])
        )
    assert difference.value == pytest.approx(
        roc_auc_score(member, first) - roc_auc_score(member, second)
    )
    assert difference.error == pytest.approx(np.std(resampled), rel=0.12)
    assert difference.p == pytest.approx(2 * norm.sf(difference.value / difference.error))


def test_many_differences_are_the_single_ones_and_holm_is_statsmodels():
    member = np.repeat([True, False], 200)
    scores = np.stack([sample(200, 200, shift, seed)[0] for seed, shift in enumerate((0, 0.3, 1))])
    pairs = [(0, 1), (0, 2), (2, 1)]
    group = np.arange(400) // 2
    found = auc_differences(scores, pairs, member, group)
    for (a, b), difference in zip(pairs, found, strict=True):
        alone = paired_auc_difference(scores[a], scores[b], member, group)
        assert (difference.value, difference.error) == pytest.approx((alone.value, alone.error))
    adjusted = holm(found, 0.95)
    expected = multipletests([d.p for d in found], method="holm")[1]
    assert [a.p for a in adjusted] == pytest.approx(expected)
    assert [a.side for a in adjusted] == [0, -1, 1]
    assert all((a.low > 0 or a.high < 0) == (a.p < 0.05) for a in adjusted)
    assert holm([], 0.95) == []


def test_perfect_against_constant_is_no_division_by_zero():
    member = np.repeat([True, False], 10)
    difference = paired_auc_difference(member * 1.0, np.zeros(20), member)
    assert difference.value == 0.5
    assert difference.p == pytest.approx(2**-9)
    assert difference.interval(0.95)[0] > 0 > difference.interval(0.999)[0]
    member = np.repeat([True, False], 1000)
    difference = paired_auc_difference(member * 1.0, np.zeros(2000), member)
    assert 0 < difference.p < 1e-290
    assert difference.interval(0.95)[0] > 0.45


def test_p_of_a_large_difference_is_not_nought():
    member = np.repeat([True, False], 300)
    found = paired_auc_difference(sample(300, 300, 2.5)[0], sample(300, 300, 0.0, 1)[0], member)
    z = found.value / found.error
    assert z > 9 and found.p == pytest.approx(2 * norm.sf(z), rel=1e-9) and found.p > 0


# Thresholds that are carried over


def test_calibrated_threshold_keeps_its_limit_and_looks_at_no_member():
    nonmembers = np.array([5.0, 4.0, 3.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0])
    assert metrics.calibrated_threshold(nonmembers, 0.2) == 4.0
    assert metrics.calibrated_threshold(nonmembers, 0.3) == 4.0  # the tie at 3 would be four
    assert metrics.calibrated_threshold(nonmembers, 0.4) == 3.0
    assert metrics.calibrated_threshold(np.ones(10), 0.4) == math.inf


def test_clopper_pearson_against_the_textbook():
    assert rate_interval(0, 10, 0.95) == pytest.approx((0, 0.3085), abs=1e-4)
    assert rate_interval(2, 20, 0.95) == pytest.approx((0.0123, 0.3170), abs=1e-4)
    assert rate_interval(0, 0, 0.95) == (0, 1)


def test_alarm_of_a_carried_threshold_is_as_rare_as_it_says():
    generator, alarms = np.random.default_rng(0), []
    for _ in range(1000):
        calibration, evaluation = generator.normal(size=(2, 300))
        threshold = metrics.calibrated_threshold(calibration, 0.1)
        counts = [(int((fold >= threshold).sum()), 300) for fold in (calibration, evaluation)]
        alarms.append(flags.threshold_does_not_carry(*counts, level=0.05))
    assert 0.02 <= np.mean(alarms) <= 0.07
    assert flags.threshold_does_not_carry((30, 300), (90, 300), level=0.01)


# Power


def test_detectable_auc_is_found_with_the_power_it_claims():
    detectable = detectable_auc(150, 150, 0.95)
    assert detectable == pytest.approx(0.5 + (1.959964 + 0.841621) * math.sqrt(301 / 270_000))
    shift = math.sqrt(2) * norm.ppf(detectable)
    found = [auc_interval(*sample(150, 150, shift, seed), 0.95).low > 0.5 for seed in range(400)]
    assert 0.72 <= np.mean(found) <= 0.88
    assert detectable_auc(2, 2, 0.95) == 1.0


# Flags


def test_flags():
    assert flags.below_chance(0.49)
    assert not flags.below_chance(0.5)
    assert [flags.too_few(n) for n in (0, 1, 2, 10)] == [True, True, False, False]
    assert [flags.few_false_positives(n) for n in (1, 2, 9, 10)] == [False, True, True, False]
    assert flags.constant(np.ones(3))
    assert not flags.constant(np.array([1.0, 2.0]))
    assert flags.not_finite(np.array([1.0, math.inf, math.nan])).tolist() == [False, True, True]


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (3, 40), (1, 1000)])
def test_clopper_pearson_is_scipys(hits, n):
    from scipy.stats import binomtest

    expected = binomtest(hits, n).proportion_ci(0.95, method="exact")
    assert rate_interval(hits, n, 0.95) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("made", [1, 4, 12, 60, 400])
def test_carrying_threshold_is_the_hypergeometric_test(made):
    from scipy.stats import hypergeom

    p = hypergeom.cdf(3 - 1, 300 + 400, 300, made + 3 - 1)
    for level in (p * 0.99, p * 1.01):
        said = flags.threshold_does_not_carry((3, 300), (made, 400), level)
        assert said == (p < level)
