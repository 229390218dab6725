"""The gain of attacks over a control model: by hand, and how often it passes by chance."""

import math

import numpy as np
import pytest
from scipy.stats import norm, t
from statsmodels.stats.multitest import multipletests

from mia.stats.auc_differences import p_above
from mia.stats.delong import auc_covariance, degrees_of_freedom
from mia.stats.metrics import auc
from mia.stats.paired import gain, paired_auc_difference


def two_models(rng, attacks, members, nonmembers, auc_control, auc_model, likeness=0.5):
    """Scores `(attacks, images)` on a model and on a control, which correlate by `likeness`."""
    member = np.repeat([True, False], [members, nonmembers])
    shared = rng.normal(size=(attacks, len(member))) * math.sqrt(likeness)
    found = []
    for value in (auc_model, auc_control):
        own = rng.normal(size=shared.shape) * math.sqrt(1 - likeness)
        found.append(shared + own + math.sqrt(2) * norm.ppf(value) * member)
    return *found, member


def test_a_gain_is_the_paired_difference_with_holm_over_attacks():
    model, control, member = two_models(np.random.default_rng(0), 4, 80, 120, 0.6, 0.68)
    group = np.arange(200) // 2
    gains = gain(model, control, member, group)
    for row, one in enumerate(gains):
        pair = paired_auc_difference(model[row], control[row], member, group)
        assert (one.value, one.error, one.p) == pytest.approx((pair.value, pair.error, pair.p))
        assert (one.low, one.high) == pytest.approx(pair.interval(0.95))
        assert one.auc == pytest.approx(auc(model[row], member))
        assert one.auc_control == pytest.approx(auc(control[row], member))
        assert one.p_above == pytest.approx(t.sf(one.value / one.error, 39))
    for alone, adjusted in (("p", "p_holm"), ("p_above", "p_above_holm")):
        raw = [getattr(one, alone) for one in gains]
        expected = multipletests(raw, method="holm")[1]
        assert [getattr(one, adjusted) for one in gains] == pytest.approx(expected)


def test_least_moves_what_is_tested_and_not_the_interval():
    model, control, member = two_models(np.random.default_rng(1), 1, 300, 300, 0.6, 0.68)
    (plain,), (strict,) = (gain(model, control, member, least=least) for least in (0.0, 0.01))
    assert (plain.value, plain.low, plain.high) == (strict.value, strict.low, strict.high)
    assert strict.p_above == pytest.approx(norm.sf((plain.value - 0.01) / plain.error))
    assert strict.p == pytest.approx(2 * strict.p_above)
    (swapped,) = gain(control, model, member, least=0.01)
    assert swapped.p == pytest.approx(strict.p)
    assert swapped.p_above == pytest.approx(norm.sf((-plain.value - 0.01) / plain.error))
    assert gain(model, model, member, least=0.01)[0].p == gain(model, model, member)[0].p == 1


def passed(group_size, members, nonmembers, auc_control, auc_model, least, draws):
    """Shares of sets that pass at 5 %: above `least`, two-sided."""
    rng = np.random.default_rng(members)
    model, control, member = two_models(
        rng, draws, members // group_size, nonmembers // group_size, auc_control, auc_model
    )
    model, control = (np.repeat(scores, group_size, axis=1) for scores in (model, control))
    member = np.repeat(member, group_size)
    model, control = (x + 0.3 * rng.normal(size=x.shape) for x in (model, control))
    group = np.arange(len(member)) // group_size
    # One covariance for all sets: every set is one pair of rows.
    values, covariance = auc_covariance(np.concatenate([model, control]), member, group)
    variance = np.diag(covariance)
    cross = np.diag(covariance[:draws, draws:])
    error = np.sqrt(variance[:draws] + variance[draws:] - 2 * cross)
    value, freedom = values[:draws] - values[draws:], degrees_of_freedom(member, group)
    for row in (0, 1):  # these are the numbers of `gain`
        (one,) = gain(model[[row]], control[[row]], member, group, least=least)
        assert (one.value, one.error) == pytest.approx((value[row], error[row]))
    above = t.sf((value - least) / error, freedom)
    below = t.sf((-value - least) / error, freedom)
    return (above <= 0.05).mean(), (2 * np.minimum(above, below) <= 0.05).mean()


@pytest.mark.parametrize(
    ("group_size", "members", "nonmembers"), [(1, 100, 300), (4, 80, 80), (4, 36, 200)]
)
def test_no_gain_passes_as_often_as_it_should_however_large_the_shift(
    group_size, members, nonmembers
):
    """Both models tell the sets apart by 0.79. Standard error of 800 sets: 0.8 points."""
    bound = 0.07 + 2 * math.sqrt(0.05 * 0.95 / 800)
    for share in passed(group_size, members, nonmembers, 0.79, 0.79, 0.0, 800):
        assert 0.02 <= share <= bound


@pytest.mark.proof
@pytest.mark.parametrize(
    ("group_size", "members", "nonmembers"), [(1, 100, 300), (4, 80, 80), (4, 36, 200), (1, 50, 50)]
)
@pytest.mark.parametrize("shift", [0.5, 0.79, 0.95])
def test_no_gain_passes_as_often_as_it_should_in_many_draws(group_size, members, nonmembers, shift):
    for share in passed(group_size, members, nonmembers, shift, shift, 0.0, 3000):
        assert share <= 0.07


def test_a_gain_of_just_what_does_not_count_passes_as_often_as_it_should():
    """The noise that groups get lowers AUCs a little, so the true gain is under `least`."""
    one_sided, two_sided = passed(1, 400, 400, 0.6, 0.65, 0.05, 800)
    assert 0.02 <= one_sided <= 0.07 + 0.016
    assert 0.01 <= two_sided <= 0.05 + 0.016
    assert passed(1, 400, 400, 0.6, 0.65, 0.0, 800)[0] >= 0.65


def test_gain_over_blocks_uses_the_same_blocks_on_both_sides():
    model, control, member = two_models(np.random.default_rng(1), 2, 150, 150, 0.6, 0.7)
    block = np.arange(300) % 5
    scale = 1.0 + block
    (one, _) = gain(model * scale, control * scale[::-1] ** 0, member, block=block)
    pair = paired_auc_difference(model[0], control[0], member, block=block)
    assert (one.value, one.p) == pytest.approx((pair.value, pair.p))


def test_what_nothing_is_known_of_does_not_pass():
    member = np.array([True, False, False, False])
    (one,) = gain(np.array([[3.0, 1, 2, 0]]), np.array([[0.0, 1, 2, 3]]), member)
    assert (one.value, one.p, one.p_above, one.low, one.high) == (1.0, 1.0, 1.0, -1.0, 1.0)


def test_perfect_against_constant_counts_pairs():
    member = np.repeat([True, False], 10)
    (one,) = gain(member[None] * 1.0, np.zeros((1, 20)), member)
    assert one.p == pytest.approx(2**-9)
    assert one.p_above == pytest.approx(2**-10)


@pytest.mark.parametrize(
    ("model", "control", "least", "message"),
    [
        (np.zeros((2, 4)), np.zeros((1, 4)), 0.0, r"\(2, 4\) on the model and \(1, 4\)"),
        (np.zeros(4), np.zeros(4), 0.0, "attacks, images"),
        (np.zeros((1, 4)), np.zeros((1, 4)), -0.1, "least lies between 0 and 1, got -0.1"),
    ],
)
def test_bad_input_is_refused(model, control, least, message):
    with pytest.raises(ValueError, match=message):
        gain(model, control, np.arange(4) < 2, least=least)


def test_p_above_of_a_difference_is_half_its_p():
    model, control, member = two_models(np.random.default_rng(5), 1, 60, 60, 0.5, 0.6)
    pair = paired_auc_difference(model[0], control[0], member)
    assert p_above(pair, 0.0) == pytest.approx(pair.p / 2)
    assert p_above(pair.reversed(), 0.0) == pytest.approx(1 - pair.p / 2)
