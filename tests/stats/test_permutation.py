"""The permutation test by group: its statistic by hand, and how often it passes by chance."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import ttest_ind
from statsmodels.api import OLS, add_constant

from mia.stats.permutation import max_t


def normal(rng, draws, members, nonmembers):
    return rng.normal(size=(draws, members + nonmembers))


def skewed(rng, *size):
    """Minus a lognormal loss."""
    return -np.exp(normal(rng, *size))


def outliers(rng, *size):
    """One score in a hundred lies far below the others."""
    scores = normal(rng, *size)
    return scores - 10 * (rng.random(scores.shape) < 0.01)


def wider(rng, draws, members, nonmembers):
    """Equal means; members vary twice as much, which favours passing where they are few."""
    scores = 1 - rng.exponential(size=(draws, members + nonmembers))
    scores[:, :members] *= 2
    return scores


def passes(law, members, nonmembers, draws, permutations=999):
    """Share of sets without a difference that pass at 5 %; every set is one row, tested alone."""
    scores = law(np.random.default_rng(members), draws, members, nonmembers)
    member = np.repeat([True, False], [members, nonmembers])
    return (max_t(scores, member, permutations=permutations).p <= 0.05).mean()


def bound(draws):
    """Nominal 5 % and two points, and two standard errors of so many draws."""
    return 0.07 + 2 * math.sqrt(0.05 * 0.95 / draws)


SETS = [(10, 1000), (10, 250), (25, 250), (50, 1125), (100, 100)]


@pytest.mark.parametrize("law", [skewed, outliers])
@pytest.mark.parametrize(("members", "nonmembers"), SETS)
def test_skewed_scores_pass_as_often_as_they_should(law, members, nonmembers):
    assert 0.03 <= passes(law, members, nonmembers, 600, 399) <= bound(600)


def test_welch_would_pass_four_times_as_often():
    scores = skewed(np.random.default_rng(10), 2000, 10, 1000)
    sides = scores[:, :10], scores[:, 10:]
    found = ttest_ind(*sides, axis=1, equal_var=False, alternative="greater")
    assert (found.pvalue <= 0.05).mean() >= 0.15


@pytest.mark.proof
@pytest.mark.parametrize("law", [normal, skewed, outliers, wider])
@pytest.mark.parametrize(("members", "nonmembers"), [*SETS[1:], (50, 200), (50, 2000), (10, 1125)])
def test_sets_without_a_difference_pass_as_often_as_they_should(law, members, nonmembers):
    """Exact where both sides have one law. Measured for `wider`: 4.9 to 7.0 %."""
    share = passes(law, members, nonmembers, 4000)
    assert share <= bound(4000)
    assert law is wider or 0.04 <= share <= 0.06


def in_groups(rng, draws, groups, sizes, law=np.exp):
    """Scores, skewed by `law`, in groups of `sizes` images: half of the variance is the group's."""
    group = np.repeat(np.arange(sum(groups)), sizes)
    shared = rng.normal(size=(draws, sum(groups)))[:, group]
    own = rng.normal(size=(draws, len(group)))
    return -law((shared + own) / math.sqrt(2)), group < groups[0], group


@pytest.mark.parametrize("groups", [(9, 17), (10, 300), (30, 30)])
def test_groups_of_unequal_sizes_pass_as_often_as_they_should(groups):
    rng = np.random.default_rng(groups[0])
    scores, member, group = in_groups(rng, 1000, groups, rng.integers(2, 11, sum(groups)))
    found = max_t(scores, member, group, permutations=399)
    assert 0.03 <= (found.p <= 0.05).mean() <= bound(1000)
    single = max_t(scores, member, permutations=399)
    assert (single.p <= 0.05).mean() >= 0.1  # what grouping is for


def family(rng, members, nonmembers):
    """Fourteen attacks that share half of their variance, skewed in different degrees."""
    size = members + nonmembers
    scores = (rng.normal(size=(1, size)) + rng.normal(size=(14, size))) / math.sqrt(2)
    scores[:5] = -np.exp(scores[:5])
    scores[5:9] = -np.exp(scores[5:9] / 2)
    return scores


def families_passed(members, nonmembers, families, permutations, seed):
    rng, member = np.random.default_rng(seed), np.repeat([True, False], [members, nonmembers])
    passed = [
        max_t(family(rng, members, nonmembers), member, None, permutations, k).p_family.min()
        for k in range(families)
    ]
    return np.mean(np.array(passed) <= 0.05)


@pytest.mark.parametrize(("members", "nonmembers"), [(10, 500), (50, 200)])
def test_a_family_without_any_difference_passes_as_often_as_it_should(members, nonmembers):
    assert families_passed(members, nonmembers, 200, 199, 0) <= bound(200)


@pytest.mark.proof
@pytest.mark.parametrize(("members", "nonmembers"), [(10, 1125), (50, 1125), (100, 1035)])
def test_families_pass_as_often_as_they_should_in_many_draws(members, nonmembers):
    assert families_passed(members, nonmembers, 1500, 499, 1) <= 0.07


def test_the_statistic_is_the_cluster_robust_regression_of_statsmodels():
    rng = np.random.default_rng(3)
    scores, member, group = in_groups(rng, 2, (12, 25), rng.integers(1, 6, 37), law=np.sinh)
    found = max_t(scores, member, group, permutations=9)
    for row, score in enumerate(scores):
        errors = []
        for side in (member, ~member):  # one class at a time: G / (G - 1) is each class's own
            fit = OLS(score[side], np.ones(side.sum())).fit()
            robust = fit.get_robustcov_results(
                "cluster", groups=group[side], df_correction=False, use_correction=False
            )
            count = len(np.unique(group[side]))
            errors.append(robust.bse[0] ** 2 * count / (count - 1))
        gap = OLS(score, add_constant(member.astype(float))).fit().params[1]
        assert found.difference[row] == pytest.approx(gap)
        assert found.statistic[row] == pytest.approx(gap / math.sqrt(sum(errors)))


def test_p_is_that_of_all_permutations():
    scores = np.random.default_rng(2).normal(size=9).cumsum()
    member = np.isin(np.arange(9), [2, 5, 8])

    def statistic(chosen):
        sides = scores[chosen], scores[~chosen]
        error = math.sqrt(sum(side.var(ddof=1) / len(side) for side in sides))
        return (sides[0].mean() - sides[1].mean()) / error

    every = [statistic(np.isin(np.arange(9), part)) for part in combinations(range(9), 3)]
    expected = np.mean(np.array(every) >= statistic(member) - 1e-9)
    found = max_t(scores[None], member, permutations=20_000)
    assert found.p[0] == pytest.approx(expected, abs=4 * math.sqrt(expected / 20_000))
    assert found.p[0] == found.p_family[0]


def test_groups_change_labels_with_groups_of_their_size():
    """Two sizes, each with its own level, which would pass unless sizes stay apart."""
    sizes = np.repeat([1, 8, 1, 8], [5, 15, 45, 15])
    group = np.repeat(np.arange(80), sizes)
    scores = np.random.default_rng(0).normal(size=(500, len(group))) + 3.0 * (sizes == 8)[group]
    found = max_t(scores, group < 20, group, permutations=299)
    assert (found.p <= 0.05).mean() <= bound(500)


def test_a_difference_is_found_and_its_family_is_what_step_down_promises():
    rng, member = np.random.default_rng(0), np.repeat([True, False], [60, 600])
    scores = rng.normal(size=(5, 660))
    scores[3:] += member * [[0.8], [0.5]]
    down = max_t(scores, member, permutations=1999)
    once = max_t(scores, member, permutations=1999, step_down=False)
    assert (down.p_family[3:] < 0.01).all() and (down.p_family[:3] > 0.05).all()
    assert (down.p <= down.p_family).all() and (down.p_family <= once.p_family).all()
    assert (down.p_family < once.p_family).any()
    assert down.p[3] == 1 / 2000  # never 0


def test_neither_unit_nor_a_constant_changes_what_is_found():
    rng, member = np.random.default_rng(1), np.repeat([True, False], [20, 200])
    scores = rng.normal(size=(2, 220)) + 0.4 * member
    plain = max_t(scores, member, permutations=499)
    moved = max_t(1e-6 * scores + 5, member, permutations=499)
    np.testing.assert_array_equal(plain.p, moved.p)
    np.testing.assert_allclose(moved.difference, 1e-6 * plain.difference, rtol=1e-6)
    constant = max_t(np.vstack([scores, np.full(220, 7.0)]), member, permutations=499)
    assert (constant.statistic[2], constant.p[2], constant.p_family[2]) == (0, 1, 1)


def test_a_group_of_both_classes_counts_as_two():
    scores = np.random.default_rng(0).normal(size=(1, 40))
    member, group = np.tile([True, False], 20), np.arange(40) // 2
    together, apart = (max_t(scores, member, one, 299) for one in (group, None))
    assert together.statistic == pytest.approx(apart.statistic)


@pytest.mark.parametrize(
    ("scores", "members", "message"),
    [
        ([[1.0, 2, 3, 4]], 1, "two groups of members, got 1"),
        ([[1.0, 2, 3, 4]], 3, "two groups of nonmembers, got 1"),
        ([[1.0, 2, 3, 4], [1, math.nan, 3, 4]], 2, "finite, got nan in row 1"),
    ],
)
def test_what_cannot_be_tested_is_refused(scores, members, message):
    with pytest.raises(ValueError, match=message):
        max_t(np.array(scores), np.arange(4) < members)
