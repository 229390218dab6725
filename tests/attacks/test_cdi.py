"""CDI's features by hand, and its regression at its optimum and where nothing was learnt."""

import math

import numpy as np
import pandas as pd
import pytest

from measured import evidence, measured
from mia.config.attacks import build_attack
from mia.cost.signals import evals_alone
from mia.noise import draw_noise
from mia.signals.shared.evals import backwards
from mia.stats.metrics import auc
from toy import ALPHA_BAR, SHAPE, ToyDenoiser, toy_epsilon

CAPTIONS = ["cat", "dog", "cat", ""]
Z0 = np.random.default_rng(3).standard_normal((4, *SHAPE)).astype(np.float32)
IDS = [f"image{number}" for number in range(4)]
MULTIPLE = range(0, 1000, 100)
GRADIENTS = ("masking", "noise_optimisation")


def made_up(seed, gap=0.0, n=200, grey=True):
    """Evidence of n images, half of them members, whose errors are smaller by `gap` in logs."""
    rng, ids = np.random.default_rng(seed), [f"i{number:04d}" for number in range(n)]
    member = pd.Series(np.arange(n) % 2 == 0, pd.Index(ids, name="image_id"))
    ease = rng.normal(size=n) * 0.3 - gap * member.to_numpy()
    parts: dict[str, list[pd.DataFrame]] = {}
    measures = {"denoise": ["loss_caption"], "inversion": ["t_error"], "proximal": ["l5_gap"]}
    measures |= {"masking": ["sq_masked"], "noise_optimisation": ["sq_error", "sq_move"]}
    for query in build_attack("cdi", {"grey": grey}).queries:
        names = measures[query.signal]
        values = np.exp(ease[:, None] + 0.3 * rng.normal(size=(n, len(names))))
        table = pd.DataFrame(values, member.index, names).assign(**query.fields())
        parts.setdefault(query.signal, []).append(table)
    return evidence({name: pd.concat(tables) for name, tables in parts.items()}), member


def error(i, t, draw, caption):
    noise = draw_noise(0, IDS[i], draw, SHAPE).astype(np.float64)
    z = np.sqrt(ALPHA_BAR[t]) * Z0[i] + np.sqrt(1 - ALPHA_BAR[t]) * noise
    return math.sqrt(((noise - toy_epsilon(z, t, caption)) ** 2).mean())


def gap(i, caption, mean_abs=None):
    z0 = Z0[i].astype(np.float64)
    first = toy_epsilon(z0, 0, caption)
    first = first if mean_abs is None else first * mean_abs / np.abs(first).mean()
    z = np.sqrt(ALPHA_BAR[200]) * z0 + np.sqrt(1 - ALPHA_BAR[200]) * first
    return (np.abs(first - toy_epsilon(z, 200, caption)) ** 5).mean() ** 0.2


@pytest.mark.parametrize("condition", ["caption", "null"])
def test_features_by_hand(condition):
    attack = build_attack("cdi", {"condition": condition})
    found = evidence(measured(ToyDenoiser(), Z0, CAPTIONS, attack.queries), alpha_bar=ALPHA_BAR)
    features, grey = attack._features(found), build_attack("cdi", {"grey": True})
    assert features.shape == (4, 26)
    assert [*grey._features(made_up(0)[0])] == [*features][:14]
    masked, moved = found.signals["masking"], found.signals["noise_optimisation"]
    secmi = build_attack("secmi", {"condition": condition}).score(found)
    for i, caption in enumerate(CAPTIONS if condition == "caption" else [""] * 4):
        row = features.loc[IDS[i]]
        losses = [error(i, 100, draw, caption) for draw in range(5)]
        assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
        assert row["secmi"] == pytest.approx(math.sqrt(-secmi[IDS[i]]))
        assert row["pia"] == pytest.approx(gap(i, caption), rel=1e-4)
        assert row["pian"] == pytest.approx(gap(i, caption, math.sqrt(math.pi / 2)), rel=1e-4)
        for t in MULTIPLE:
            assert row[f"loss {t}"] == pytest.approx(error(i, t, 0, caption), rel=1e-4)
            (square,) = masked.loc[[IDS[i]]].query("timestep == @t")["sq_masked"]
            assert row[f"masked {t}"] == pytest.approx(math.sqrt(square))
        of_image = moved.loc[IDS[i]]
        assert row["optimised"] == pytest.approx(math.sqrt(of_image["sq_error"]))
        assert row["move"] == pytest.approx(math.sqrt(of_image["sq_move"]))


def test_masking_and_optimisation_are_asked_as_their_own_attacks_ask():
    asked = {query for query in build_attack("cdi", {}).queries if query.signal in GRADIENTS}
    own = [build_attack(name, {}).queries for name in ("gradient_masking", "noise_optimisation")]
    assert asked == {query for queries in own for query in queries}
    grey = build_attack("cdi", {"grey": True})
    assert (grey.access, build_attack("cdi", {}).access) == ("grey-box", "white-box")
    assert set(grey.queries) == set(build_attack("cdi", {}).queries) - asked


def test_it_costs_what_its_features_share():
    """14 losses, SecMI's 12 with the clean latent, PIA and PIAN one more each; masking 20 forward
    and 10 backward, optimisation six of both."""
    grey, white = build_attack("cdi", {"grey": True}), build_attack("cdi", {})
    assert evals_alone([grey]) == 14 + 12 + 2
    assert evals_alone([white]) == 14 + 12 + 2 + 20 + 6
    assert sum(map(backwards, white.queries)) == 10 + 6


def test_the_regression_has_a_penalty_of_one_on_features_standardised_where_it_learnt():
    """At the optimum residuals sum to 0, and each feature's pull equals its weight."""
    found, member = made_up(0, 0.2)
    attack = build_attack("cdi", {"grey": True}).fit(found, member)
    features = attack._features(found).to_numpy()
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    weights = attack._model[-1].coef_[0]
    log_odds = attack.score(found).to_numpy()
    residuals = member.to_numpy() - 1 / (1 + np.exp(-log_odds))
    assert residuals.sum() == pytest.approx(0, abs=0.03)
    np.testing.assert_allclose(scaled.T @ residuals, weights, atol=0.03)
    np.testing.assert_allclose(log_odds, scaled @ weights + attack._model[-1].intercept_)


@pytest.mark.parametrize("grey", [True, False])
def test_members_score_higher_where_the_model_errs_less_on_them(grey):
    found, member = made_up(1, 0.4, grey=grey)
    learn, left = member.iloc[:100], member.iloc[100:]
    fitted = build_attack("cdi", {"grey": grey}).fit(found.of_images(learn.index), learn)
    score = fitted.score(found.of_images(left.index)).loc[left.index]
    assert auc(score.to_numpy(), left.to_numpy()) > 0.75


def test_a_single_draw_lacks_some_features_and_has_a_score():
    found, member = made_up(2, 0.3, grey=False)
    fitted = build_attack("cdi", {}).fit(found, member)
    assert found.draws == (0, 1, 2, 3, 4)
    for draw in found.draws:
        score = fitted.score(found.of_draw(draw))
        assert np.isfinite(score).all() and sorted(score.index) == sorted(member.index)
