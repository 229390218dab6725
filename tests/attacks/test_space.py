"""Errors of the noise weighed as those of the image and of the velocity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from measured import evidence, measured
from mia.attacks.shared.space import SPACES, in_space, weights
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from toy import ALPHA_BAR, ToyDenoiser

CAPTIONS = ["cat", "dog", ""]
Z0 = np.random.default_rng(0).normal(size=(3, 2, 2, 2)).astype(np.float32)


def scores_of(row) -> np.ndarray:
    attack = build_attack("row", row)
    signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries)
    return attack.score(evidence(signals, signals, alpha_bar=ALPHA_BAR)).to_numpy()


@pytest.mark.parametrize("sigma", [0.1, 0.5, 0.9])
def test_the_velocity_is_that_of_flow_matching(sigma):
    """z = (1−σ) x0 + σ ε; any v̂ is off by ε̂'s error over 1 − σ, x̂0 by σ times v̂'s."""
    rng = np.random.default_rng(1)
    x0, eps, v = rng.normal(size=(3, 100))
    z = (1 - sigma) * x0 + sigma * eps
    alpha_bar = np.array((1 - sigma) ** 2 / ((1 - sigma) ** 2 + sigma**2))
    noise = ((z + (1 - sigma) * v - eps) ** 2).mean()
    image = ((z - sigma * v - x0) ** 2).mean()
    velocity = ((v - (eps - x0)) ** 2).mean()
    found = [noise * weights(alpha_bar, space) for space in SPACES]
    np.testing.assert_allclose(found, [noise, image, velocity], rtol=1e-12)


def test_the_papers_space_is_the_very_table():
    """Not multiplied with one, and no schedule is needed."""
    losses = pd.Series([0.1, 0.3])
    assert in_space(losses, pd.Series([0, 999]), None, "epsilon") is losses


@pytest.mark.parametrize("name", ["loss", "clid_null", "guidance_norm"])
def test_at_one_timestep_the_space_changes_no_order(name):
    row = {"attack": name, "timesteps": [300], "draws": 1}
    orders = [np.argsort(scores_of({**row, "space": space})).tolist() for space in SPACES]
    assert orders[0] == orders[1] == orders[2]


def test_in_a_mean_over_timesteps_it_does():
    """Nearly all of the image's error is at the late timestep."""
    row = {"attack": "loss", "timesteps": [50, 950], "draws": 1}
    late = scores_of({**row, "timesteps": [950], "space": "sample"}) / 2
    np.testing.assert_allclose(scores_of({**row, "space": "sample"}), late, rtol=0.01)
    assert not np.allclose(scores_of(row), late, rtol=0.5)


def test_clid_weighs_both_of_its_terms():
    """Scaled losses of one timestep are the same in every space; of several they are not."""
    row = {"attack": "clid_th", "reduction": "clip", "alpha": 0.5, "draws": 1}
    member = pd.Series([True, False, True], [f"image{i}" for i in range(3)])

    def scored(timesteps, space, weigh=1.0):
        attack = build_attack("row", {**row, "timesteps": timesteps, "space": space})
        signals = measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries)
        for name, columns in {
            "denoise": ["loss_caption", "loss_null"],
            "captions": ["loss_variant"],
        }.items():
            signals[name][columns] = signals[name][columns].mul(
                np.where(signals[name]["timestep"] == 900, weigh, 1.0), axis="index"
            )
        found = evidence(signals, alpha_bar=ALPHA_BAR)
        return attack.fit(found, member).score(found).to_numpy()

    np.testing.assert_allclose(scored([300], "sample"), scored([300], "epsilon"), rtol=1e-6)
    odds = (1 - ALPHA_BAR[[300, 900]]) / ALPHA_BAR[[300, 900]]
    by_hand = scored([300, 900], "epsilon", weigh=odds[1] / odds[0])
    np.testing.assert_allclose(scored([300, 900], "sample"), by_hand, rtol=1e-6)
    assert not np.allclose(scored([300, 900], "epsilon"), by_hand, rtol=0.01)


def test_in_a_ratio_the_weight_cancels():
    """So `loss_ratio` and `pfami` take no `space`: it would be a key that changes nothing."""
    for name in ("loss_ratio", "pfami", "quantile", "logistic_losses"):
        with pytest.raises(ConfigError, match="has no parameter 'space'"):
            build_attack("row", {"attack": name, "space": "sample"})
    with pytest.raises(ConfigError, match="space must be one of epsilon, sample, velocity"):
        build_attack("loss", {"space": "noise"})
