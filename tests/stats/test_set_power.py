"""Power of the permutation test: by statsmodels, by simulation, and its two inverses."""

import math

import numpy as np
import pytest
from scipy.stats import lognorm, skew
from statsmodels.api import OLS
from statsmodels.stats.power import TTestIndPower

from mia.stats.permutation import max_t
from mia.stats.set_power import (
    Side,
    groups_needed,
    of_one_shape,
    power,
    side,
    smallest_gap,
    ways,
)


def test_equal_sides_have_statsmodels_power():
    for gap, size in ((0.2, 100), (0.5, 20), (0.0, 50)):
        one = Side(size, 1.0)
        expected = TTestIndPower().power(gap, size, 0.05, alternative="larger")
        assert power(gap, one, one, 0.05) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("members", "nonmembers", "gap"), [(20, 400, 0.7), (100, 300, 0.3)])
def test_power_is_how_often_the_permutation_test_passes(members, nonmembers, gap):
    draws, member = 800, np.repeat([True, False], [members, nonmembers])
    scores = np.random.default_rng(0).normal(size=(draws, len(member))) + gap * member
    share = (max_t(scores, member, permutations=399).p <= 0.05).mean()
    expected = power(gap, Side(members, 1.0), Side(nonmembers, 1.0), 0.05)
    assert share == pytest.approx(expected, abs=2 * math.sqrt(share * (1 - share) / draws) + 0.02)


def test_variance_is_that_of_a_mean_by_group():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), rng.integers(1, 6, 40))
    scores = rng.normal(size=40)[group] + rng.normal(size=len(group))
    fit = OLS(scores, np.ones(len(scores))).fit()
    robust = fit.get_robustcov_results(
        "cluster", groups=group, df_correction=False, use_correction=False
    )
    found = side(scores, group)
    assert found.variance / 40 == pytest.approx(robust.bse[0] ** 2 * 40 / 39)
    with pytest.raises(ValueError, match="two groups, got 1"):
        side(scores[:3], np.zeros(3))


def test_skewness_is_that_of_groups_and_both_sides_share_it():
    scores = np.random.default_rng(0).exponential(size=60)
    assert side(scores, np.arange(60)).skewness == pytest.approx(skew(scores))
    twice = np.repeat(np.arange(60), 2)
    assert side(scores[twice], twice).skewness == pytest.approx(skew(scores))
    assert side(np.ones(4), np.arange(4)).skewness == 0
    few, many = of_one_shape(Side(10, 2.0, 1.0), Side(90, 3.0, -1.0))
    assert (few, many) == (Side(10, 2.0, -0.8), Side(90, 3.0, -0.8))


LOGNORMAL = lognorm(0.5)
DOWN = -float(LOGNORMAL.stats("s"))


@pytest.mark.parametrize(("members", "gap"), [(6, 1.6), (15, 1.0), (40, 0.5)])
def test_power_knows_of_scores_with_a_long_tail_downwards(members, gap):
    """Without the skewness .70, .87 and .75 are promised; .45, .55 and .51 pass."""
    scores = LOGNORMAL.rvs((500, members + 1000), random_state=0)
    member = np.arange(scores.shape[1]) < members
    scores = gap * member - (scores - LOGNORMAL.mean()) / LOGNORMAL.std()
    share = (max_t(scores, member, permutations=299).p <= 0.01).mean()
    promised = power(gap, Side(members, 1.0, DOWN), Side(1000, 1.0, DOWN), 0.01)
    assert promised == pytest.approx(share, abs=0.1)
    even = power(gap, Side(members, 1.0), Side(1000, 1.0), 0.01)
    upwards = power(gap, Side(members, 1.0, -DOWN), Side(1000, 1.0, -DOWN), 0.01)
    assert even == upwards > share + 0.15


@pytest.mark.parametrize(("nonmembers", "gap"), [(50, 1.6), (1000, 1.2)])
def test_of_skewed_groups_more_are_needed_and_pass(nonmembers, gap):
    skewed = Side(30, 1.0, DOWN), Side(nonmembers, 1.0, DOWN)
    size = int(groups_needed(gap, *skewed, 0.01))
    assert size > groups_needed(gap, Side(30, 1.0), Side(nonmembers, 1.0), 0.01)
    member = np.arange(size + nonmembers) < size
    scores = -LOGNORMAL.rvs((400, len(member)), random_state=1) / LOGNORMAL.std() + gap * member
    share = (max_t(scores, member, permutations=299).p <= 0.01).mean()
    assert share >= 0.8 - 2 * math.sqrt(0.16 / 400)


def test_the_smallest_gap_passes_four_times_in_five():
    members, nonmembers = Side(30, 1.4), Side(500, 0.9)
    gap = smallest_gap(members, nonmembers, 0.01)
    assert power(gap, members, nonmembers, 0.01) == pytest.approx(0.8, abs=0.01)


def test_so_many_groups_pass_four_times_in_five():
    members, nonmembers = Side(30, 1.0), Side(1000, 1.0)
    size = groups_needed(0.3, members, nonmembers, 0.01)
    assert power(0.3, Side(int(size), 1.0), nonmembers, 0.01) == pytest.approx(0.8, abs=0.01)
    assert groups_needed(0.0, members, nonmembers, 0.01) == math.inf
    assert groups_needed(0.09, members, Side(1000, 1.0), 0.01) == math.inf  # too few nonmembers
    assert power(1.0, Side(5, 0.0), Side(5, 0.0), 0.01) == 1.0


@pytest.mark.parametrize(("nonmembers", "gap"), [(20, 1.5), (50, 2.0), (1000, 1.2)])
def test_of_few_groups_so_many_pass_four_times_in_five(nonmembers, gap):
    """By the normal law 3 to 9 groups were asked for, and passed in 48 to 76 %."""
    size = int(groups_needed(gap, Side(9, 1.0), Side(nonmembers, 1.0), 0.01))
    assert 5 <= size <= 10
    member = np.arange(size + nonmembers) < size
    scores = np.random.default_rng(0).normal(size=(400, len(member))) + gap * member
    share = (max_t(scores, member, permutations=499).p <= 0.01).mean()
    assert share >= 0.8 - 2 * math.sqrt(0.16 / 400)


def test_labels_that_can_be_dealt_in_few_ways_never_pass():
    """Three against five: the smallest p of 56 ways is above 1 %, whatever the gap."""
    few, known = Side(3, 1.0), Side(5, 1.0)
    assert ways(3, 5) == 56 and smallest_gap(few, known, 0.01) == math.inf
    assert groups_needed(50.0, few, known, 0.01) == 5
    assert smallest_gap(Side(5, 0.0), Side(5, 0.0), 0.01) == 0
