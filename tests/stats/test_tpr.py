"""The TPR at a limit of the FPR: by hand, its bias, and how often its interval covers the truth."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_curve

from mia.stats import metrics, no_signal, resampling
from mia.stats.intervals import tpr_interval


def sample(n_member, n_nonmember, shift=0.0, seed=0, digits=None):
    generator = np.random.default_rng(seed)
    member = np.repeat([True, False], [n_member, n_nonmember])
    scores = generator.normal(size=len(member)) + shift * member
    return (scores if digits is None else scores.round(digits)), member


def scores_of_curve():
    """FPR (0, .005, .02, .5, 1), TPR (0, .1, .6, .9, 1) on 1,000 nonmembers and 10 members."""
    nonmembers = np.repeat([4.0, 3.0, 2.0, 1.0], [5, 15, 480, 500])
    members = np.repeat([4.0, 3.0, 2.0, 1.0], [1, 5, 3, 1])
    return np.concatenate([members, nonmembers]), np.repeat([True, False], [10, 1000])


@pytest.mark.parametrize("point_at", [metrics.tpr_at_fpr, metrics.published_tpr_at_fpr])
@pytest.mark.parametrize(
    ("limit", "tpr", "fpr", "fp"),
    [(0.01, 0.1, 0.005, 5), (0.02, 0.6, 0.02, 20), (0.0049, 0.0, 0.0, 0), (0.4, 0.6, 0.02, 20)],
)
def test_tpr_is_never_interpolated(point_at, limit, tpr, fpr, fp):
    point = point_at(*scores_of_curve(), limit)
    assert (point.tpr, point.fpr, point.fp) == (tpr, fpr, fp)
    assert point.allowed == int(limit * 1000 + 1e-9)


def test_the_threshold_is_the_kth_nonmembers_own_score():
    # Of 99 nonmembers a limit of 3 % allows three: floor(0.03 × 100); the published rule, two.
    nonmembers, members = np.arange(1.0, 100), np.array([200.0, 98.5, 97.5, 97.0, 96.5, 1.5])
    scores = np.concatenate([members, nonmembers])
    member = np.arange(len(scores)) < len(members)
    point = metrics.tpr_at_fpr(scores, member, 0.03)
    assert (point.threshold, point.allowed, point.fp, point.tpr) == (97.0, 3, 3, 4 / 6)
    assert point.threshold == metrics.calibrated_threshold(nonmembers, 0.03)
    published = metrics.published_tpr_at_fpr(scores, member, 0.03)
    assert (published.threshold, published.allowed, published.fp) == (97.5, 2, 2)


def test_a_limit_that_allows_nobody_finds_nobody_and_one_that_allows_all_finds_all():
    scores, member = np.array([5.0, -5.0, 1.0, 2.0]), np.array([True, True, False, False])
    nobody = metrics.tpr_at_fpr(scores, member, 0.3)
    assert (nobody.tpr, nobody.fp, nobody.threshold) == (0.0, 0, math.inf)
    everyone = metrics.tpr_at_fpr(scores, member, 1.0)
    assert (everyone.tpr, everyone.fp, everyone.threshold) == (1.0, 2, -5.0)


def test_a_tpr_without_a_class_says_what_it_found():
    for point_at in (metrics.tpr_at_fpr, metrics.published_tpr_at_fpr):
        with pytest.raises(ValueError, match="got 3 members, 0 nonmembers"):
            point_at(np.arange(3.0), np.ones(3, bool), 0.1)


def test_equal_scores_are_called_alike():
    scores, member = np.array([1.0, 1.0, 1.0, 1.0, 0.0]), np.array([1, 1, 0, 0, 0], bool)
    for point_at in (metrics.tpr_at_fpr, metrics.published_tpr_at_fpr):
        assert point_at(scores, member, 0.4).tpr == 0.0
        assert point_at(scores, member, 0.4).threshold == math.inf
        assert point_at(scores, member, 0.7).tpr == 1.0
        assert point_at(scores[::-1], member[::-1], 0.4).tpr == 0.0


@pytest.mark.parametrize("n", [300, 500, 1000])
def test_the_fpr_is_its_limit_and_the_published_one_is_not(n):
    """Exact given the nonmembers; the standard error of 40,000 draws is 0.3 % at n = 300."""
    rng, k = np.random.default_rng(n), metrics.allowed_false_positives(0.01, n)
    fpr, published, tpr = [], [], []
    for _ in range(20):
        highest = -np.partition(-rng.normal(size=(2000, n)), k, axis=1)[:, : k + 1]
        highest.sort(axis=1)
        fpr.append(norm.sf(highest[:, 1]))  # of the k-th highest, as k + 1 rise
        tpr.append(norm.sf(highest[:, 1] - 1))
        published.append(norm.sf(highest[:, 0]))
    assert np.mean(fpr) == pytest.approx(0.01, rel=0.03)
    assert np.mean(fpr) <= 0.01 * 1.01
    # The ROC curve bends, so a threshold that moves finds fewer: 4 % of the TPR at n = 300.
    assert 0.95 <= np.mean(tpr) / true_tpr(1.0, 0.01) <= 1.0
    assert np.mean(published) == pytest.approx((k + 1) / (n + 1), rel=0.01)
    assert np.mean(published) >= 1.08 * 0.01


@pytest.mark.parametrize("step", [1.0, 0.2, 0.05])
@pytest.mark.parametrize(("n", "limit"), [(300, 0.01), (100, 0.1)])
def test_equal_scores_never_lift_the_fpr_above_its_limit(n, limit, step):
    rng, rates = np.random.default_rng(n), []
    for _ in range(1000):
        scores = (rng.normal(size=n) / step).round()
        threshold = metrics.calibrated_threshold(scores, limit)
        rates.append(norm.sf((threshold - 0.5) * step))
    assert np.mean(rates) <= limit + 2.5 * np.std(rates) / math.sqrt(1000)


def test_the_tpr_of_a_resample_is_that_of_its_images():
    """Where no nonmember is drawn twice, it is that of `metrics.tpr_at_fpr` itself."""
    for digits, seed in ((None, 0), (1, 1), (0, 2)):
        scores, member = sample(60, 90, 0.5, seed, digits)
        _, fp, tp = metrics.curve(scores, member)
        shared = resampling.shared(scores, member)
        for limit in (0.005, 0.05, 0.1, 0.5, 0.99, 1.0):
            found = resampling.tpr_at_fpr(fp[None, 1:], tp[None, 1:], limit, shared)
            assert found[0] == metrics.tpr_at_fpr(scores, member, limit).tpr


def test_copies_in_a_resample_pass_the_limit_together():
    # Nonmembers 3, 2, 1 are drawn 2, 1, 0 times; members 2.5 and 1.5 once each.
    fp, tp = np.array([[2, 2, 3, 3, 3]]), np.array([[0, 1, 1, 2, 2]])
    for limit, tpr in ((0.25, 0.0), (0.5, 0.0), (0.75, 0.5), (1.0, 1.0)):
        assert resampling.tpr_at_fpr(fp, tp, limit, np.zeros(5, bool))[0] == tpr
    # Were 3 two nonmembers' score, no threshold would keep the lowest limit either.
    assert resampling.tpr_at_fpr(fp, tp, 0.25, np.array([1, 0, 0, 0, 0], bool))[0] == 0.0


def test_the_headline_limit_allows_ten():
    assert [metrics.headline_limit(n) for n in (5, 300, 998, 999, 9998, 9999)] == [
        *(0.1, 0.1, 0.1),
        *(0.01, 0.01, 0.001),
    ]


@pytest.mark.parametrize("digits", [None, 1])
@pytest.mark.parametrize("limit", [0.1, 0.01, 0.001])
def test_the_published_tpr_agrees_with_sklearns_curve(limit, digits):
    scores, member = sample(400, 1500, 0.8, digits=digits)
    fpr, tpr, _ = roc_curve(member, scores, drop_intermediate=False)
    point = metrics.published_tpr_at_fpr(scores, member, limit)
    assert point.tpr == tpr[fpr <= limit].max()
    called = scores >= point.threshold
    assert (called[member].mean(), called[~member].mean()) == (point.tpr, point.fpr)


def test_a_random_score_finds_as_many_members_as_nonmembers():
    rates = [metrics.tpr_at_fpr(*sample(500, 500, seed=seed), 0.1).tpr for seed in range(200)]
    assert np.mean(rates) == pytest.approx(0.1, abs=0.01)


def true_tpr(shift, limit, spread=1.0):
    return norm.sf((norm.isf(limit) - shift) / spread)


@pytest.mark.parametrize("limit", [0.1, 0.02])
def test_bootstrap_covers_the_true_tpr_about_as_often_as_it_claims(limit):
    covered = []
    for seed in range(300):
        scores, member = sample(250, 500, 1.0, seed)
        low, high = tpr_interval(scores, member, [limit], 0.95, resamples=300, seed=seed)[0]
        covered.append(low <= true_tpr(1.0, limit) <= high)
    assert 0.90 <= np.mean(covered) <= 0.985


@pytest.mark.proof
@pytest.mark.parametrize(
    ("n", "limits", "simulations"),
    [
        (500, (0.1, 0.01), 1000),
        (2500, (0.1, 0.01), 400),
        (300, (0.01,), 1000),
        (2000, (0.001,), 400),
    ],
)
def test_tpr_intervals_cover_the_truth_as_often_as_they_claim(n, limits, simulations):
    """Within two points of 95 %, where two or three false positives are allowed too."""
    covered, truth = [], [true_tpr(1.0, limit) for limit in limits]
    for seed in range(simulations):
        scores, member = sample(n, n, 1.0, seed)
        found = tpr_interval(scores, member, limits, 0.95, resamples=300, seed=seed)
        covered.append([low <= tpr <= high for tpr, (low, high) in zip(truth, found, strict=True)])
    assert np.abs(np.mean(covered, axis=0) - 0.95).max() <= 0.02


def test_tpr_interval_is_seeded_and_goes_by_group():
    scores, member = sample(100, 100, 1.0)
    once = tpr_interval(scores, member, [0.1, 0.05], 0.95, seed=1)
    assert once == tpr_interval(scores, member, [0.1, 0.05], 0.95, seed=1)
    assert once != tpr_interval(scores, member, [0.1, 0.05], 0.95, seed=2)
    copied, copies = np.repeat(scores, 4), np.repeat(member, 4)
    blind = tpr_interval(copied, copies, [0.1], 0.95)[0]
    by_group = tpr_interval(copied, copies, [0.1], 0.95, np.repeat(np.arange(200), 4))[0]
    assert by_group[1] - by_group[0] > 1.5 * (blind[1] - blind[0])
    assert by_group == pytest.approx(once[0], abs=0.04)


def test_no_hit_at_all_is_not_certainty():
    scores, member = sample(40, 400)
    scores[~member] += 100
    assert tpr_interval(scores, member, [0.01], 0.95)[0] == pytest.approx((0, 0.0881), abs=1e-4)


@pytest.mark.parametrize("classes", [(100, 300), (300, 300)])
def test_a_tpr_near_nought_is_covered_too(classes):
    """A bootstrap of no hit has no width: Clopper-Pearson's stands in where hardly any is found."""
    covered = []
    for seed in range(200):
        member = np.repeat([True, False], classes)
        scores = np.random.default_rng(seed).normal(size=sum(classes))
        scores[member] = 0.8 * scores[member] - 0.4
        low, high = tpr_interval(scores, member, [0.01], 0.95, resamples=200, seed=seed)[0]
        covered.append(low <= true_tpr(-0.4, 0.01, 0.8) <= high)
    assert np.mean(covered) >= 0.93


def test_an_interval_never_ends_where_it_begins():
    scores, member = sample(300, 300)
    scores[member] -= 3  # but for one, whom a resample in hundreds finds
    scores[0] = np.sort(scores[~member])[-12] - 1e-9
    low, high = tpr_interval(scores, member, [0.01], 0.95)[0]
    assert low == 0 and high >= 0.0122


def test_the_band_of_images_in_groups_keeps_their_expected_fpr():
    """Of 400 nonmembers in 190 groups a limit of 1 % allows four; floor(1 % of 191) is one."""
    low, high = no_signal.tpr_band(200, 190, 0.01, 0.95, images=400)
    tails = no_signal.beta_binomial_quantiles(
        200, 4 * 191 / 401, 191 - 4 * 191 / 401, [0.025, 0.975]
    )
    assert (low, high) == tuple(tails / 200)
    assert high > no_signal.tpr_band(200, 190, 0.01, 0.95)[1]
    assert no_signal.tpr_band(200, 90, 0.01, 0.95) == (0.0, 0.0)
    assert no_signal.tpr_band(200, 90, 0.1, 0.95, 90) == no_signal.tpr_band(200, 90, 0.1, 0.95)
