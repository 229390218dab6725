"""Intervals of the AUC: hand values, and how often they cover the truth."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from mia.stats import metrics
from mia.stats.auc_intervals import auc_interval, logit_interval, newcombe
from mia.stats.delong import auc_covariance, degrees_of_freedom
from mia.stats.rates import rate_difference, wilson


def sample(n_member, n_nonmember, shift=0.0, seed=0, spread=1.0):
    member = np.repeat([True, False], [n_member, n_nonmember])
    scores = np.random.default_rng(seed).normal(size=len(member))
    return np.where(member, scores * spread + shift, scores), member


def in_groups(groups, size, shift, likeness, seed):
    """`groups` of each side, `size` images each, which correlate by `likeness`."""
    group = np.repeat(np.arange(sum(groups)), size)
    member = group < groups[0]
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=sum(groups))[group] * math.sqrt(likeness)
    return (
        shared + rng.normal(size=len(group)) * math.sqrt(1 - likeness) + shift * member,
        member,
        group,
    )


def shift_of(auc, spread=1.0):
    """How far apart normal scores of this AUC lie."""
    return float(norm.ppf(auc)) * math.hypot(1, spread)


def covers(interval, truth):
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    return interval.low <= truth <= interval.high


# By hand


def test_the_interval_is_the_hull_of_two_by_hand():
    # AUC 3/4 of two against two with DeLong's variance 1/8 (`test_metrics`).
    found = auc_interval(np.array([3.0, 1.0, 2.0, 0.0]), np.repeat([True, False], 2), 0.95)
    half = 1.959964 * math.sqrt(1 / 8) / (3 / 16)
    logit = [1 / (1 + math.exp(-(math.log(3) + sign * half))) for sign in (-1, 1)]
    assert logit_interval(0.75, 1 / 8, 1.959964) == pytest.approx(logit)
    assert (found.low, found.high) == pytest.approx(logit, abs=1e-6)  # the wider one here
    assert found.method == "logit and Newcombe"


@pytest.mark.parametrize("auc", [0.5, 0.7, 0.97, 0.0, 1.0])
def test_newcombes_ends_solve_his_equation(auc):
    m, n = 10, 40
    for end in newcombe(auc, np.array([[m, n]]), 1.0, 1.96):
        q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)  # of Hanley & McNeil 1982
        others = (m + n) / 2 - 1
        variance = (end * (1 - end) + others * (q1 - end**2 + q2 - end**2)) / (m * n)
        assert end == auc or (auc - end) ** 2 == pytest.approx(1.96**2 * variance)
    low, high = newcombe(auc, np.array([[m, n]]), 1.0, 1.96)
    assert (low, high) != (auc, auc)
    mirrored = newcombe(1 - auc, np.array([[n, m]]), 1.0, 1.96)
    assert mirrored == pytest.approx((1 - high, 1 - low))


def test_newcombes_variance_without_signal_is_that_of_the_rank_sum():
    low, high = newcombe(0.5, np.array([[5000, 5000]]), 1.0, 1.0)
    deviation = math.sqrt(10_001 / (12 * 5000**2))
    assert (low, high) == pytest.approx((0.5 - deviation, 0.5 + deviation), rel=1e-4)


@pytest.mark.parametrize(("hits", "other"), [(0, 3), (5, 20), (40, 0), (30, 29)])
def test_rates_and_their_difference_are_those_of_statsmodels(hits, other):
    z = norm.ppf(0.975)
    assert wilson(hits / 40, 40, z) == pytest.approx(proportion_confint(hits, 40, method="wilson"))
    expected = confint_proportions_2indep(hits, 40, other, 60, method="newcomb", compare="diff")
    assert rate_difference((hits / 40, 40), (other / 60, 60), z) == pytest.approx(expected)


def test_scores_of_two_values_get_the_interval_of_two_rates():
    member = np.repeat([True, False], [40, 60])
    scores = np.concatenate([np.arange(40) < 8, np.arange(60) < 3]) * 5.0
    found = auc_interval(scores, member, 0.95)
    ends = confint_proportions_2indep(8, 40, 3, 60, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx([(1 + end) / 2 for end in ends])
    assert found.method == "Newcombe 1998"


def test_degrees_of_freedom_are_those_of_the_smaller_side():
    member = np.repeat([True, False], [6, 12])
    assert degrees_of_freedom(member) == degrees_of_freedom(member, np.arange(18)) == math.inf
    assert degrees_of_freedom(member, np.arange(18) // 2) == 2
    block = np.tile(np.repeat([0, 1], 2), 5)[:18]
    in_blocks = [len(np.unique((np.arange(18) // 2)[(block == k) & member])) - 1 for k in (0, 1)]
    assert degrees_of_freedom(member, np.arange(18) // 2, block) == max(1, sum(in_blocks))


# How often they cover


def coverage(m, n, auc, simulations, spread=1.0):
    truth = shift_of(auc, spread)
    found = [auc_interval(*sample(m, n, truth, seed, spread), 0.95) for seed in range(simulations)]
    return np.mean([covers(interval, auc) for interval in found])


AUCS = [0.5, 0.7, 0.97]
SIZES = [(10, 1000), (1000, 10), (50, 50)]


@pytest.mark.parametrize("auc", AUCS)
@pytest.mark.parametrize(("m", "n"), SIZES)
def test_the_interval_covers_where_walds_does_not(m, n, auc):
    """At least 93 %, less two standard errors; with ten images Wald's covers 72 to 92 %."""
    assert coverage(m, n, auc, 300) >= 0.93 - 2 * math.sqrt(0.05 * 0.95 / 300)


@pytest.mark.proof
@pytest.mark.parametrize("spread", [1.0, 3.0])
@pytest.mark.parametrize("auc", [*AUCS, 0.99])
@pytest.mark.parametrize(("m", "n"), [*SIZES, (20, 300), (300, 300)])
def test_the_interval_covers_at_least_as_often_as_it_claims(m, n, auc, spread):
    """Within two points below; above too in the middle. Near 1 Newcombe's covers 98 % and more.

    Where ten nonmembers vary a third as much as the members, it covers 99.9 %.
    """
    found = coverage(m, n, auc, 2000, spread)
    assert found >= 0.93
    if auc < 0.9 and spread == 1 and min(m, n) > 10:
        assert found <= 0.97


def test_in_the_middle_the_interval_is_as_wide_as_walds():
    for auc in (0.5, 0.7):
        scores, member = sample(300, 300, shift_of(auc))
        found = auc_interval(scores, member, 0.95)
        error = math.sqrt(auc_covariance(scores[None], member)[1][0, 0])
        assert found.high - found.low == pytest.approx(2 * norm.ppf(0.975) * error, rel=0.02)


@pytest.mark.parametrize(("p", "q"), [(0.03, 0.01), (0.1, 0.01), (0.03, 0.0), (0.6, 0.3)])
@pytest.mark.parametrize(("m", "n"), [(300, 300), (50, 1000)])
def test_rare_flags_are_covered_too(m, n, p, q):
    """Exact: every count of hits with its probability. Wald's covers 79 % at 50 + 1,000."""
    from scipy.stats import binom

    z, covered = norm.ppf(0.975), 0.0
    weights = [binom.pmf(np.arange(size + 1), size, rate) for size, rate in ((m, p), (n, q))]
    for hits in np.flatnonzero(weights[0] > 1e-6):
        for other in np.flatnonzero(weights[1] > 1e-6):
            low, high = rate_difference((hits / m, m), (other / n, n), z)
            covered += weights[0][hits] * weights[1][other] * (low <= p - q <= high)
    assert 0.93 <= covered <= 0.98


def group_coverage(groups, size, auc, likeness, simulations):
    shift, covered = shift_of(auc), []
    for seed in range(simulations):
        scores, member, group = in_groups(groups, size, shift, likeness, seed)
        covered.append(covers(auc_interval(scores, member, 0.95, group), auc))
    return np.mean(covered)


@pytest.mark.parametrize("auc", AUCS)
@pytest.mark.parametrize("groups", [(9, 9), (20, 20), (50, 50)])
def test_the_interval_by_group_covers_with_few_groups_too(groups, auc):
    """A bootstrap by group covers 82 to 92 % with 10 to 20 groups a class."""
    found = group_coverage(groups, 4, auc, 0.8, 200)
    assert found >= 0.93 - 2 * math.sqrt(0.05 * 0.95 / 200)


@pytest.mark.proof
@pytest.mark.parametrize(("size", "likeness"), [(4, 0.8), (4, 0.2), (10, 0.5)])
@pytest.mark.parametrize("auc", AUCS)
@pytest.mark.parametrize("groups", [(9, 9), (9, 100), (20, 20), (50, 50)])
def test_the_interval_by_group_covers_at_least_as_often_as_it_claims(groups, auc, size, likeness):
    assert 0.93 <= group_coverage(groups, size, auc, likeness, 1500) <= 0.998


@pytest.mark.parametrize("auc", AUCS)
def test_the_interval_over_blocks_covers(auc):
    shift, covered, block = shift_of(auc), [], np.tile(np.repeat(np.arange(5), 20), 2)
    for seed in range(300):
        scores, member = sample(100, 100, shift, seed)
        # A block's scores are on its own scale: whatever was fitted before it.
        covered.append(covers(auc_interval(scores * (block + 1), member, 0.95, block=block), auc))
    assert np.mean(covered) >= 0.93 - 2 * math.sqrt(0.05 * 0.95 / 300)


# Where nothing or little is known


def test_groups_that_hold_no_kin_change_little():
    scores, member = sample(300, 300, shift=0.5)
    single = auc_interval(scores, member, 0.95)
    paired = auc_interval(scores, member, 0.95, group=np.arange(600) // 2)
    assert paired.method == "logit and Newcombe by group"
    assert (paired.low, paired.high) == pytest.approx((single.low, single.high), abs=0.006)


def test_groups_of_one_image_are_single_images():
    scores, member = sample(40, 60, shift=0.5)
    assert auc_interval(scores, member, 0.95, np.arange(100)) == auc_interval(scores, member, 0.95)


def test_copies_of_an_image_add_no_certainty():
    scores, member = sample(60, 60, shift=0.5)
    once = auc_interval(scores, member, 0.95)
    four = auc_interval(
        np.repeat(scores, 4), np.repeat(member, 4), 0.95, group=np.repeat(np.arange(120), 4)
    )
    assert four.high - four.low == pytest.approx(once.high - once.low, rel=0.15)
    groups = np.repeat(np.arange(120), 4)
    clustered = metrics.auc_covariance(np.repeat(scores, 4)[None], np.repeat(member, 4), groups)
    plain = metrics.auc_covariance(scores[None], member)
    assert clustered[1][0, 0] == pytest.approx(plain[1][0, 0])


@pytest.mark.parametrize(
    ("value", "member_score", "low", "high"),
    [(1.0, 1.0, 1 - 0.30850, 1.0), (0.0, -1.0, 0.0, 0.30850), (0.5, 0.0, 0.5 - 0.15425, 0.65425)],
)
def test_certain_looking_data_gets_an_interval_all_the_same(value, member_score, low, high):
    member = np.repeat([True, False], 10)
    interval = auc_interval(np.where(member, member_score, 0.0), member, 0.95)
    assert interval.value == value
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-4)


def test_one_image_in_a_class_tells_nothing():
    interval = auc_interval(np.array([2.0, 1.0, 0.0]), np.array([True, False, False]), 0.95)
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_groups_that_hold_both_classes_keep_them_together():
    member = np.tile([True, False], 100)
    scores = np.repeat(np.random.default_rng(0).normal(size=100), 2) + 1e-6 * member
    # Each member just beats its own nonmember and is chance against the rest.
    together = auc_interval(scores, member, 0.95, np.repeat(np.arange(100), 2))
    assert together.high - together.low < 0.05
    apart = auc_interval(scores, member, 0.95)
    assert apart.high - apart.low > 0.1
    _, covariance = metrics.auc_covariance(scores[None], member, np.repeat(np.arange(100), 2))
    assert abs(covariance[0, 0]) < 1e-6
