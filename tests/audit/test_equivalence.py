"""FAIR as equivalence: how often it is right and wrong, and how many images it needs.

Fast simulations are short; their slow twins hold the same claims to closer bounds. The bounds are
three standard errors of a share at that many targets.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from drawn_channels import decided, drawn, seen
from mia.audit.channels import channels_of
from mia.audit.equivalence import (
    chance_error,
    images_for_margin,
    images_needed,
    power,
    reachable_margin,
)
from mia.audit.reach import reach
from mia.audit.verdict import verdict

ALPHA, POINTS = 0.05, 0.02
SHORT = 60
LONG = pytest.param(500, marks=pytest.mark.proof)


def room(share: float, targets: int) -> float:
    """Three standard errors of a share."""
    return 3 * math.sqrt(share * (1 - share) / targets)


@pytest.mark.parametrize("targets", [SHORT, LONG])
def test_at_a_blind_auc_of_51_five_thousand_images_are_mostly_fair(targets):
    """One of five has .51: .70 of 1,000 targets pass. Alone it passes in .79."""
    assert decided([0.51, 0.5, 0.5, 0.5, 0.5], 2500, targets)["FAIR"] > 0.5
    shares = decided([0.51], 2500, targets, seed=1)
    assert shares["FAIR"] == pytest.approx(0.789, abs=room(0.789, targets))
    assert shares["NOT FAIR"] == 0


@pytest.mark.proof
def test_nearly_so_where_every_baseline_has_51():
    """.47 of 1,000 targets; were the baselines independent, .79 to the fifth power."""
    found = decided([0.51] * 5, 2500, 500, seed=2)["FAIR"]
    assert found == pytest.approx(0.467, abs=room(0.467, 500) + room(0.467, 1000))
    assert found > 0.789**5


@pytest.mark.parametrize("targets", [SHORT, LONG])
@pytest.mark.parametrize("aucs", [[0.53], [0.47, 0.5, 0.5]])
def test_sets_at_the_edge_of_the_margin_are_hardly_ever_called_fair(aucs, targets):
    bound = ALPHA + POINTS
    allowed = bound if targets > SHORT else bound + room(ALPHA, targets)
    assert decided(aucs, 2500, targets)["FAIR"] <= allowed
    assert decided(aucs, 300, targets)["FAIR"] <= allowed


@pytest.mark.parametrize("targets", [SHORT, LONG])
@pytest.mark.parametrize("per_side", [50, 200])
def test_alike_sets_are_hardly_ever_called_unfair(per_side, targets):
    allowed = 0.02 if targets > SHORT else 0.02 + room(0.02, targets)
    assert decided([0.5] * 5, per_side, targets, alike=0)["NOT FAIR"] <= allowed


@pytest.mark.parametrize("targets", [SHORT, LONG])
def test_the_images_that_a_margin_needs_meet_it_as_often_as_said(targets):
    """The power said is exact for one channel and a lower bound for several that go together."""
    one = images_for_margin(0.06, 1, 0.95)
    found = decided([0.5], one, targets, margin=0.06)["FAIR"]
    assert found == pytest.approx(0.8, abs=room(0.8, targets))
    five = images_for_margin(0.06, 5, 0.95)
    assert five > one
    found = decided([0.5] * 5, five, targets, margin=0.06)["FAIR"]
    assert 0.8 - room(0.8, targets) < found < 0.95


@pytest.mark.parametrize("targets", [SHORT, LONG])
def test_what_would_have_been_not_fair_is_called_so_four_times_in_five(targets):
    """And what would have been shown to differ from 0.5 is not: that is another question."""
    rows = drawn([0.5, 0.5], 300, np.random.default_rng(0))
    found = reach(channels_of(rows, 0.95), 0.03, 300, 300, 0.95)
    assert found.not_fair_at == pytest.approx(found.shown_at + 0.03)
    called = decided([found.not_fair_at, 0.5], 300, targets)["NOT FAIR"]
    assert called == pytest.approx(0.8, abs=0.03 + room(0.8, targets))
    assert decided([found.shown_at, 0.5], 300, targets)["NOT FAIR"] < 0.55


def test_power_is_that_of_two_one_sided_tests():
    error, margin, z = 0.01, 0.03, norm.ppf(0.95)
    for distance in (0.0, 0.01, 0.025):
        passes = norm.cdf((margin - z * error - distance) / error)
        passes -= norm.cdf((-margin + z * error - distance) / error)
        assert power([distance], [error], margin, 0.95) == pytest.approx(passes)
    assert power([0.0], [0.02], margin, 0.95) == 0  # the interval is wider than the margin
    assert power([0, 0.01], [error] * 2, margin, 0.95) == pytest.approx(
        power([0], [error], margin, 0.95) * power([0.01], [error], margin, 0.95)
    )


@pytest.mark.parametrize("channels", [1, 5])
@pytest.mark.parametrize("per_side", [10, 350, 20_000])
def test_the_reachable_margin_and_the_images_for_it_agree(channels, per_side):
    margin = reachable_margin(per_side, per_side, channels, 0.95)
    assert images_for_margin(margin, channels, 0.95) in (per_side, per_side + 1)
    error = chance_error(per_side, per_side)
    assert power([0] * channels, [error] * channels, margin, 0.95) == pytest.approx(0.8)


def test_no_margin_is_wider_than_all_aucs():
    assert reachable_margin(2, 2, 5, 0.95) == 0.5


def test_images_needed_are_those_at_which_power_is_80_percent():
    distances, errors = [0.004, 0.012], [0.02, 0.025]
    needed = images_needed(distances, errors, 300, 0.03, 0.95)
    times = brentq(
        lambda t: power(distances, [e / t**0.5 for e in errors], 0.03, 0.95) - 0.8, 1, 1000
    )
    assert needed == math.ceil(300 * times)
    assert images_needed(distances, errors, 600, 0.03, 0.95) == pytest.approx(2 * needed, abs=1)
    assert images_needed([0.0], [1e-6], 300, 0.03, 0.95) == 1


@pytest.mark.parametrize("distance", [0.03, 0.04])
def test_no_number_of_images_moves_an_auc_into_the_margin(distance):
    assert images_needed([0.0, distance], [0.02, 0.02], 300, 0.03, 0.95) is None
    just_below = images_needed([0.0299], [0.02], 300, 0.03, 0.95)
    assert just_below > 1_000_000


def test_undecided_says_what_would_decide():
    sentence = verdict([seen(0.52, 0.02), seen(0.5, 0.02, "image")], 0.03, False, 300, 300)[1]
    assert sentence.startswith("UNDECIDED: blind AUC 0.52 [0.49–0.55] (caption), 0.50 [0.47–0.53]")
    needed = images_needed([0.02, 0.0], [0.02, 0.02], 300, 0.03, 0.95)
    assert needed == 7420
    assert "about 7,500 evaluated images a side would meet the margin with 80 % power" in sentence
    assert "every blind AUC lies within 0.5 ± 0.053;" in sentence
    assert "shown a blind AUC of 0.58 to differ from 0.5, and would have called one of 0.61" in (
        sentence
    )


def test_undecided_says_where_no_number_of_images_would_decide():
    sentence = verdict([seen(0.54, 0.02)], 0.03, False, 300, 300)[1]
    assert "no number of images meets the margin if caption stays 0.040 from 0.5" in sentence
    assert "if every blind AUC were 0.5, about 1,600 evaluated images a side would" in sentence


def test_the_claim_of_fair_is_not_corrected_and_that_of_not_fair_is():
    """An interval of 90 % inside is enough; one of 97.5 % has to be outside."""
    fair = seen(0.51, 0.011)
    assert fair.not_fair_high > 0.53 > fair.fair_high
    assert verdict([fair, seen(0.5, 0.01, "image")], 0.03, False, 2500, 2500)[0] == "FAIR"
    open_ = seen(0.55, 0.01)
    assert open_.fair_low > 0.53 > open_.not_fair_low
    word, sentence = verdict([open_, seen(0.5, 0.01, "image")], 0.03, False, 2500, 2500)
    assert word == "UNDECIDED" and "(image)" not in sentence


def test_few_images_are_said_to_convict_nobody():
    sentence = verdict([seen(0.5, 0.2, detectable=0.98)], 0.03, True, 5, 5)[1]
    assert sentence.endswith("so few images call no blind AUC NOT FAIR with 80 % power")
