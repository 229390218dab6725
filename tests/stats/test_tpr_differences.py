"""The difference of two TPRs on the same images: by hand, paired, and how often it is covered."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from mia.stats.metrics import headline_limit
from mia.stats.rates import rate_interval
from mia.stats.tpr_differences import tpr_difference


def scores(shifts, n=300, alike=0.8, seed=0):
    """Scores of one attack on several models `(models, images)` that share an image's ease."""
    rng, member = np.random.default_rng(seed), np.repeat([True, False], n)
    ease, own = rng.normal(size=2 * n), rng.normal(size=(len(shifts), 2 * n))
    noise = math.sqrt(alike) * ease + math.sqrt(1 - alike) * own
    return noise + np.array(shifts)[:, None] * member, member


def test_each_score_has_its_own_threshold():
    nonmembers = np.arange(1.0, 100)  # 10 % of 99 allow ten: those from 90 up
    first = np.concatenate([[200.0, 90.5, 89.5, 50], nonmembers])
    second = np.concatenate([[200.0, 1, 1, 1], nonmembers * 1000])
    member = np.arange(len(first)) < 4
    assert tpr_difference(first, second, member, 0.1, 0.95, resamples=200)[0] == 2 / 4


def test_the_same_score_differs_from_itself_by_nothing_and_turned_by_the_opposite():
    (one, other), member = scores((0.5, 1.5))
    same = tpr_difference(one, 2 * one + 1, member, 0.1, 0.95)
    assert same[0] == 0 and same[1] < 0 < same[2]
    there = tpr_difference(one, other, member, 0.1, 0.95)
    back = tpr_difference(other, one, member, 0.1, 0.95)
    assert back == pytest.approx((-there[0], -there[2], -there[1]))
    assert there[2] < 0


def test_pairing_makes_the_interval_narrower():
    """Half as wide where the models share most of what makes an image easy."""
    widths = []
    for alike in (0.0, 0.95):
        (one, other), member = scores((1.0, 1.0), 1000, alike)
        _, low, high = tpr_difference(one, other, member, 0.1, 0.95)
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


def test_where_a_bootstrap_learns_nothing_the_exact_ends_stand():
    member = np.repeat([True, False], 50)
    never, always = np.where(member, -1.0, 1) * np.arange(1, 101), member * 1000.0
    always = always + np.linspace(0, 1, 100)
    value, low, high = tpr_difference(always, never, member, 0.1, 0.95)
    none, every = rate_interval(0, 50, 0.95), rate_interval(50, 50, 0.95)
    assert value == 1 and high == 1
    assert low == pytest.approx(1 - math.hypot(1 - every[0], none[1]))


def covered(n, shifts, alike, draws, resamples=200):
    """Share of draws whose interval holds the truth, at the headline limit."""
    limit = headline_limit(n)
    low, high = (norm.sf(norm.isf(limit) - shift) for shift in shifts)
    found = []
    for seed in range(draws):
        (one, other), member = scores(shifts, n, alike, seed)
        _, *ends = tpr_difference(one, other, member, limit, 0.95, None, resamples, seed)
        found.append(ends[0] <= low - high <= ends[1])
    return np.mean(found)


@pytest.mark.parametrize("shifts", [(0.0, 0.0), (0.5, 2.0)])
def test_the_interval_covers_as_often_as_it_claims(shifts):
    """95 %, less two standard errors of 100 draws and a point for the bootstrap."""
    assert covered(300, shifts, 0.8, 100) >= 0.94 - 2 * math.sqrt(0.95 * 0.05 / 100)


@pytest.mark.proof
@pytest.mark.parametrize("shifts", [(0.0, 0.0), (1.0, 1.0), (0.5, 3.0), (3.5, 3.5)])
@pytest.mark.parametrize(("n", "alike"), [(100, 0.9), (300, 0.3), (1000, 0.9)])
def test_the_interval_covers_in_many_draws(n, shifts, alike):
    assert covered(n, shifts, alike, 400, 300) >= 0.94 - 2 * math.sqrt(0.95 * 0.05 / 400)
