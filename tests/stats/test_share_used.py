"""The share of a collection that was used: by hand, and how often its interval holds the truth."""

import math

import numpy as np
import pytest

from mia.stats.share_used import Rate, Share, rate, share_at_least, share_used


def test_the_share_takes_wrong_calls_out():
    found = share_used(Rate(0.3, 1e-4), Rate(0.1, 4e-4), Rate(0.5, 9e-4))
    assert found.value == pytest.approx(0.5)
    half = 1.959964 * math.sqrt(1e-4 + 0.25 * 4e-4 + 0.25 * 9e-4) / 0.4
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half))
    assert share_used(Rate(0.9, 1e-4), Rate(0.1, 1e-4), Rate(0.5, 1e-4)) == Share(1.0, 1.0, 1.0)
    assert share_used(Rate(0.3, 1e-4), Rate(0.1, 4e-4), Rate(0.12, 4e-4)) is None


def test_the_bound_needs_no_known_members():
    bound = share_at_least([Rate(0.6, 1e-4), Rate(0.1, 1e-4)], [Rate(0.1, 1e-4), Rate(0.1, 1e-4)])
    p = 0.5 / 0.9
    assert bound == pytest.approx(p - 1.959964 * math.sqrt(1e-4 + (1 - p) ** 2 * 1e-4) / 0.9)
    assert share_at_least([Rate(0.1, 1e-4)], [Rate(0.1, 1e-4)]) == 0
    assert share_at_least([], []) == 0


def test_a_rate_has_the_variance_of_its_groups():
    called, group = np.repeat([True, False, True, False], 25), np.repeat(np.arange(4), 25)
    assert rate(called, group) == Rate(0.5, pytest.approx(4 / 3 * 4 * 12.5**2 / 100**2))
    single = rate(np.repeat([True, False], 50), np.arange(100))
    assert single.variance == pytest.approx(100 / 99 * 0.25 / 100)
    assert rate(np.zeros(10, dtype=bool), np.arange(10)).variance > 0
    with pytest.raises(ValueError, match="needs images"):
        rate(np.array([], dtype=bool), np.array([]))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_interval_holds_the_truth(share):
    rng, held, bounded, draws = np.random.default_rng(0), 0, 0, 1000
    for _ in range(draws):
        used = rng.random(200) < share
        rates = [
            rate(rng.random(len(chance)) < chance, np.arange(len(chance)))
            for chance in (np.where(used, 0.4, 0.1), np.full(500, 0.1), np.full(300, 0.4))
        ]
        found, truth = share_used(*rates), used.mean()
        held += found.low - 1e-9 <= truth <= found.high + 1e-9
        bounded += share_at_least(rates[:1], rates[1:2]) <= truth + 1e-9
    error = 3 * math.sqrt(0.05 * 0.95 / draws)
    assert held / draws >= 0.95 - error and bounded / draws >= 0.95 - error
