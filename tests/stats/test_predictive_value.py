"""Predictive value, overlap and wrong labels: against counts of made-up images."""

import math

import numpy as np
import pytest

from mia.stats.metrics import auc
from mia.stats.predictive_value import auc_bounds, found_overlap, positive_predictive_value


@pytest.mark.parametrize("prior", [0.01, 0.1, 0.5])
def test_the_predictive_value_is_a_share_of_counted_images(prior):
    members, nonmembers = 100_000 * prior, 100_000 * (1 - prior)
    called = 0.3 * members + 0.02 * nonmembers
    assert positive_predictive_value(0.3, 0.02, prior) == pytest.approx(0.3 * members / called)


def test_the_predictive_value_at_its_ends():
    assert positive_predictive_value(0.3, 0.0, 0.1) == 1.0
    assert positive_predictive_value(0.0, 0.1, 0.1) == 0.0
    assert math.isnan(positive_predictive_value(0.0, 0.0, 0.1))
    assert positive_predictive_value(0.2, 0.2, 0.1) == pytest.approx(0.1)  # no signal: the prior
    for rates, name in (((1.1, 0.1, 0.5), "tpr"), ((0.1, -1, 0.5), "fpr"), ((0, 0, 2), "prior")):
        with pytest.raises(ValueError, match=name):
            positive_predictive_value(*rates)


def test_overlap_of_equal_unrelated_and_opposed_scores():
    rng, member = np.random.default_rng(0), np.repeat([True, False], 4000)
    first, second = rng.normal(size=(2, 8000)) + member
    assert found_overlap(first, first, member, 0.1) == 1
    assert found_overlap(first, np.exp(first), member, 0.1) == 1
    rate = (first[member] >= np.sort(first[~member])[-400]).mean()
    expected = rate**2 / (2 * rate - rate**2)  # independent: both, over at least one
    assert found_overlap(first, second, member, 0.1) == pytest.approx(expected, abs=0.03)
    assert found_overlap(first, np.where(member, -first, first), member, 0.1) < 0.01
    assert math.isnan(found_overlap(first - 99 * member, first - 99 * member, member, 0.1))


@pytest.mark.parametrize("shift", [1.0, -0.5])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.4])
def test_the_auc_of_true_members_is_found_again(share, shift):
    rng = np.random.default_rng(0)
    member = np.repeat([True, False], 20_000)
    truly = member & (np.arange(40_000) >= 20_000 * share)
    scores = rng.normal(size=40_000) + shift * truly
    bounds = auc_bounds(auc(scores, member), share)
    truth = auc(scores[truly | ~member], truly[truly | ~member])
    assert bounds[shift > 0] == pytest.approx(truth, abs=0.01)
    assert bounds[shift < 0] == auc(scores, member)


def test_bounds_end_at_0_and_1():
    assert auc_bounds(0.9, 0.5) == (0.9, 1.0)
    assert auc_bounds(0.1, 0.5) == (0.0, 0.1)
    for auc_value, share, name in ((1.2, 0.1, "auc"), (0.6, 1.0, "share")):
        with pytest.raises(ValueError, match=name):
            auc_bounds(auc_value, share)
