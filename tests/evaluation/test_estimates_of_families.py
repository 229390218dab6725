"""Estimates are compared with zero for models without captions, of flow matching and EDM too."""

import numpy as np
import pytest
import torch

from known_latents import IMAGES, SHAPE, best, latents
from measured import measured
from mia.evaluation import estimates
from mia.models.conditioning import Conditioning
from mia.models.noise_schedule import GRID
from mia.models.objective import objective
from mia.query import grid

ALPHA_BAR = torch.from_numpy(np.cumprod(1 - GRID))
KINDS = ("epsilon", "v_prediction", "sample", "flow", "edm_epsilon", "edm_v_prediction")
TIMESTEPS = (100, 450, 700, 900)


def described(kind):
    model = {"name": "mine", "alpha_bar": ALPHA_BAR.tolist(), "prediction_type": kind}
    return {**model, "sigma_data": 0.5}


class Unconditional:
    """The best estimate for `latents()`, answered as a model of `kind`; it is told nothing.

    Args:
        kind: What it answers.
        declared: What its files say that it answers, by which it is asked and read.
        sign: Of its answers.
        share: Of its answers that is learnt; the rest is a fixed map that no training has touched.
    """

    latent_shape, alpha_bar = SHAPE, ALPHA_BAR

    def __init__(self, kind, declared=None, sign=1.0, share=1.0):
        self.kind, self.sign, self.share = kind, sign, share
        self.reading = objective(described(declared or kind), ALPHA_BAR)

    null = Conditioning()

    def embed(self, captions):
        raise ValueError("is told nothing")

    def of_images(self, conditioning, sizes):
        return conditioning

    def epsilon(self, z, timestep, conditioning):
        assert not conditioning.tensors
        alpha_bar = ALPHA_BAR[timestep].float().view(-1, 1, 1, 1)
        answer = self.sign * answered(self.kind, z, *best(z, alpha_bar), alpha_bar)
        answer = self.share * answer + (1 - self.share) * 0.3 * z.flip(-1)
        return self.reading.epsilon(answer, z, timestep)


def answered(kind, z, image, noise, alpha_bar):
    """The output of a model of `kind` that knows the image and the noise, by its definition."""
    if kind in ("epsilon", "sample", "flow"):
        return {"epsilon": noise, "sample": image, "flow": noise - image}[kind]
    if kind == "v_prediction":
        return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * image
    sigma, data = ((1 - alpha_bar) / alpha_bar).sqrt(), 0.5
    total = sigma**2 + data**2
    out = (sigma * data / total.sqrt()) * (-1 if kind == "edm_v_prediction" else 1)
    return (image - data**2 / total * z / alpha_bar.sqrt()) / out


def judged(denoiser, declared, scale=1.0, timesteps=TIMESTEPS):
    z0 = latents(scale)
    queries = [query for t in timesteps for query in grid("denoise", [t], 1, "null")]
    rows = measured(denoiser, z0, [""] * IMAGES, queries)["denoise"].reset_index()
    assert rows["loss_caption"].isna().all() and rows["loss_null"].notna().all()
    return estimates.judge(estimates.compare(rows, described(declared)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_a_sound_model_that_is_told_nothing_is_left_alone(kind, scale):
    found = judged(Unconditional(kind), kind, scale)
    assert (found["judged"], found["worse"], found["other"]) == (True, [], [])
    assert estimates.sentences("mine", [found]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_gain_is_that_of_the_loss_over_the_noise_itself(kind):
    """All kinds tell the same: their losses are those of the model that tells ε itself."""
    z0 = latents()
    queries = grid("denoise", [700], 1, "null")
    rows = measured(Unconditional(kind), z0, [""] * IMAGES, queries)["denoise"]
    same = measured(Unconditional("epsilon"), z0, [""] * IMAGES, queries)["denoise"]
    np.testing.assert_allclose(rows["loss_null"], same["loss_null"], rtol=1e-3, atol=1e-5)
    (entry,) = estimates.compare(rows.reset_index(), described(kind))
    assert entry["condition"] == "null" and entry["images"] == IMAGES
    assert entry["loss"] == pytest.approx(rows["loss_null"].mean())
    of_zero = rows["dot_eps_eps"]
    if kind == "flow":
        zeros = measured(Unconditional(kind, sign=0.0), z0, [""] * IMAGES, queries)
        of_zero = zeros["denoise"]["loss_null"]
    gain = of_zero - rows["loss_null"]
    error = gain.std(ddof=1) / IMAGES**0.5
    assert entry["gain"] == pytest.approx(gain.mean() - estimates.ERRORS * error, abs=1e-4)


@pytest.mark.parametrize("share", [0.7, 0.4])
@pytest.mark.parametrize("kind", ["epsilon", "flow", "edm_epsilon"])
def test_a_hardly_trained_model_is_left_alone(kind, share):
    assert judged(Unconditional(kind, share=share), kind)["worse"] == []


@pytest.mark.parametrize("share", [0.0, -0.3])
@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5])
def test_a_flow_model_that_has_learnt_nothing_is_found(share, scale):
    """Its ε̂ is near z, whose loss is far below that of zero: it is compared with zeros of its own.

    With a share of 0 it answers at random; below, it answers the contrary.
    """
    found = judged(Unconditional("flow", share=share), "flow", scale)
    assert {entry["timestep"] for entry in found["worse"]} >= {700, 900}
    assert all(entry["loss"] < 0.6 for entry in found["worse"] if entry["timestep"] == 900)


def test_the_zeros_of_a_flow_model_are_worked_out_from_the_row():
    """v̂ = 0 through the objective itself has the loss that the entry compares with."""
    denoiser = Unconditional("flow", sign=0.0)
    queries = [query for t in (450, 900) for query in grid("denoise", [t], 1, "null")]
    rows = measured(denoiser, latents(), [""] * IMAGES, queries)["denoise"].reset_index()
    for entry in estimates.compare(rows, described("flow")):
        assert entry["loss"] == pytest.approx(entry["zero"], rel=1e-4)
        assert entry["gain"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_turned_sign_is_found_in_every_kind(kind):
    found = judged(Unconditional(kind, sign=-1.0), kind)
    assert found["worse"] and {entry["condition"] for entry in found["worse"]} == {"null"}
    said = estimates.sentences("mine", [found])[0]
    assert said.startswith("mine removes no noise: at t = ") and "(null)" in said


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("flow", "epsilon"),
        ("flow", "sample"),
        ("sample", "flow"),
        ("v_prediction", "epsilon"),
        ("edm_v_prediction", "edm_epsilon"),
        ("edm_epsilon", "edm_v_prediction"),
        ("edm_epsilon", "epsilon"),
    ],
)
def test_answers_of_another_kind_than_declared_are_found(kind, declared):
    found = judged(Unconditional(kind, declared), declared)
    assert found["worse"] or found["other"]


@pytest.mark.parametrize("declared", ["flow", "edm_epsilon", "edm_v_prediction", "sample"])
def test_only_epsilon_and_v_are_read_otherwise(declared):
    """Nothing is said of another prediction type where the declared one has no counterpart."""
    queries = grid("denoise", [700, 900], 1, "null")
    denoiser = Unconditional("epsilon", declared)
    rows = measured(denoiser, latents(), [""] * IMAGES, queries)["denoise"].reset_index()
    found = estimates.compare(rows, described(declared))
    assert len(found) == 2
    assert all(entry["other"] is None and entry["other_gain"] is None for entry in found)


def test_v_declared_epsilon_is_named_without_captions_too():
    found = judged(Unconditional("v_prediction", "epsilon"), "epsilon")
    assert {entry["other"] for entry in found["other"]} == {"v_prediction"}
    said = estimates.sentences("mine", [found])
    assert any("fit v_prediction better" in line and "(null)" in line for line in said)


@pytest.mark.parametrize("kind", KINDS)
def test_where_little_is_noise_no_kind_is_judged(kind):
    found = judged(Unconditional(kind), kind, timesteps=[1, 50, 100])
    assert found == {"judged": False, "worse": [], "other": [], "latents": None}
