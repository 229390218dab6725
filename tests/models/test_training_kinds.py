"""Every kind of training: what it saves is a model of a family, asked as it was trained."""

from itertools import product

import numpy as np
import pytest
import torch

from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.schema import complete
from mia.models.families import module_of
from mia.models.folder import describe
from mia.models.noise_schedule import GRID
from mia.models.objective import objective
from mia.models.training.diffusion import train_diffusion
from mia.models.training.noising import flow, noising
from mia.models.training.samples import generate
from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.untrained import build_scheduler, untrained_pipeline
from mia.models.training.vae import build_vae
from tiny_model import SETTINGS

CAPTIONS = ["red square", "blue square"] * 2
OBJECTIVES = ("epsilon", "v_prediction", "sample", "flow")
KINDS = [("latent", True), ("latent", False), ("pixel", False)]
FAMILY = {
    ("latent", True): "stable_diffusion",
    ("latent", False): "ldm",
    ("pixel", False): "ddpm",
}


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A VAE and a tokenizer to start from."""
    folder = tmp_path_factory.mktemp("start")
    torch.manual_seed(0)
    build_vae(SETTINGS).eval().save_pretrained(folder / "vae")
    train_tokenizer(CAPTIONS, 400, 8).save_pretrained(folder / "tokenizer")
    return folder


def settings_of(space, text, objective, **more):
    kind = {"space": space, "text": text, "objective": objective}
    rest = {"seed": 0, "epochs": 2, "keep": [2], "batch_size": 2, "learning_rate": 2e-3}
    return {**SETTINGS, **rest, "caption_dropout": 0.1, **kind, **more}


def trained(start, folder, **settings):
    pixels = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pipeline = untrained_pipeline(start, settings)
    before = {name: w.clone() for name, w in pipeline.unet.named_parameters()}
    train_diffusion(
        pipeline, pixels, CAPTIONS, settings, lambda _, kept: kept.save_pretrained(folder)
    )
    moved = [n for n, w in pipeline.unet.named_parameters() if not torch.equal(w, before[n])]
    assert len(moved) == len(before), "a weight that nothing trains"
    return pipeline


@pytest.mark.parametrize(
    ("space", "text", "objective"), [(*kind, o) for kind, o in product(KINDS, OBJECTIVES)]
)
def test_what_is_trained_is_a_model_of_its_family(space, text, objective, start, tmp_path):
    settings = settings_of(space, text, objective)
    pipeline = trained(start, tmp_path / "one", **settings)
    model = describe(tmp_path / "one")
    assert model["family"] == FAMILY[space, text] and model["prediction_type"] == objective
    assert model["latent_shape"] == ([3, 16, 16] if space == "pixel" else [4, 8, 8])
    denoiser = module_of(model["family"]).load(model, "cpu")
    told = denoiser.embed(["red square"]) if text else denoiser.null
    with torch.no_grad():
        z = torch.randn(1, *model["latent_shape"])
        assert torch.isfinite(denoiser.epsilon(z, torch.tensor([500]), told)).all()
    made = generate(pipeline, CAPTIONS[:2], seed=0)
    assert made.shape == (2, 16, 16, 3) and np.isfinite(made).all()


@pytest.mark.parametrize(("space", "text"), KINDS)
def test_a_training_is_repeatable(space, text, start, tmp_path):
    settings = settings_of(space, text, "flow")
    one, other = (trained(start, tmp_path / name, **settings) for name in ("one", "other"))
    for mine, theirs in zip(one.unet.parameters(), other.unet.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_what_a_model_should_answer_is_read_as_the_noise(kind):
    """A model that has learnt perfectly is read as the noise that was drawn."""
    scheduler = build_scheduler(settings_of("latent", True, kind))
    alpha_bar = torch.from_numpy(np.cumprod(1 - GRID))
    read = objective({"prediction_type": kind}, alpha_bar)
    z0, noise = torch.randn(2, 3, 2, 4, 4, dtype=torch.float64)
    timestep = torch.tensor([10, 400, 990])
    asked = [timestep]
    if kind == "flow":
        asked = [read.sigma(timestep)]
    noised, time, wanted = noising(scheduler, "cpu")(z0, noise, lambda *_: asked[0])
    level = alpha_bar[timestep].view(-1, 1, 1, 1)
    z = level.sqrt() * z0 + (1 - level).sqrt() * noise
    ours, told = read.asked(z, timestep)
    torch.testing.assert_close(ours, noised, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(told.double(), time.double(), rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(read.epsilon(wanted, z, timestep), noise, rtol=1e-4, atol=1e-4)


def test_flow_visits_all_noise_levels_alike():
    generator = torch.Generator().manual_seed(0)
    z0 = torch.zeros(4000, 1, 1, 1)

    def draw(function, *arguments):
        return function(*arguments, generator=generator)

    _, time, _ = flow(z0, z0 + 1, draw)
    counts = torch.histc(time, 10, 0, 1000)
    assert counts.min() > 330 and time.min() >= 0 and time.max() < 1000


BASE = {
    "results": "results/x",
    "seed": 0,
    "image_sets": {"emoji": {"source": "builtin"}},
    "models": {"mine": {"source": "training", "training": "one"}},
    "targets": {"t": {"model": "mine", "members": "emoji", "nonmembers": "emoji"}},
    "attacks": {"loss": {}},
}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"space": "pixel"}, "`space: pixel` needs `text: false`"),
        ({"space": "pixel", "text": False, "vae_steps": 3}, "'vae_steps' would be ignored: `space"),
        ({"space": "pixel", "text": False, "latent_channels": 3}, "'latent_channels' would be ign"),
        ({"space": "pixel", "text": False, "representation_set": "emoji"}, "'representation_set'"),
        ({"text": False, "representation_set": "emoji", "vocabulary": 500}, "'vocabulary' would"),
        ({"text": False, "representation_set": "emoji", "caption_dropout": 0.2}, "`text: false` r"),
        ({"objective": "velocity", "representation_set": "emoji"}, "objective: 'velocity'"),
        ({"text": False}, "missing key 'representation_set'"),
        ({"base": "other", "learning_rate": 0.1, "objective": "flow"}, "`base` decides it"),
        ({"base": "other", "learning_rate": 0.1, "space": "pixel"}, "`base` decides it"),
    ],
)
def test_settings_that_nothing_reads_are_refused(keys, said):
    with pytest.raises(ConfigError, match=said):
        complete({**BASE, "training": {"one": {"set": "emoji", **keys}}})


def test_a_base_that_is_told_nothing_is_refused():
    """Only Stable Diffusion is fine-tuned here; this is known while the config is read."""
    pixels = {"set": "emoji", "space": "pixel", "text": False}
    config = {**BASE, "training": {"one": pixels}}
    config["training"]["tuned"] = {"set": "emoji", "base": "mine", "learning_rate": 0.1}
    with pytest.raises(ConfigError, match=r"training.tuned.base: 'mine' is told nothing of an im"):
        read(config)


@pytest.mark.parametrize(
    ("keys", "gone"),
    [
        ({"space": "pixel", "text": False}, {"vae_steps", "latent_channels", "vocabulary"}),
        ({"text": False, "representation_set": "emoji"}, {"text_width", "caption_dropout"}),
    ],
)
def test_defaults_that_nothing_reads_are_left_out(keys, gone):
    found = complete({**BASE, "training": {"one": {"set": "emoji", **keys}}})["training"]["one"]
    assert not gone & found.keys() and found["objective"] == "epsilon"
