"""Models that are trained here: one has learnt a single image by heart, the other one of many."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import DDPMPipeline

from measured import evidence, measured
from mia.config.attacks import build_attack
from mia.denoisers.ddpm import load
from mia.models.autoencoder import Autoencoder
from mia.models.folder import describe
from mia.models.training import untrained
from mia.models.training.diffusion import train_diffusion
from tiny_model import SETTINGS

GENERATED = {"draws": 4, "steps": 20, "guidance": 1.0, "condition": "null"}
DELTA = 0.15  # of Carlini et al.


def image(number: int) -> torch.Tensor:
    """A blurred image of 16 pixels a side, in [−1, 1]."""
    coarse = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(number)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (16, 16), mode="bilinear")[0]


def trained(images: torch.Tensor, epochs: int, folder: Path) -> Path:
    """Train a tiny DDPM of pixels and save it."""
    pixels = {"space": "pixel", "text": False, "objective": "sample", "channels": [32, 32]}
    learning = {"learning_rate": 2e-3, "batch_size": 8, "epochs": epochs, "keep": [epochs]}
    settings = {**SETTINGS, **pixels, **learning, "seed": 0, "caption_dropout": 0.1}
    torch.manual_seed(0)
    unet = untrained.build_unconditional_unet(settings)
    pipeline = DDPMPipeline(unet, untrained.build_scheduler(settings))
    captions = [""] * len(images)
    train_diffusion(
        pipeline, images, captions, settings, lambda _, kept: kept.save_pretrained(folder)
    )
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The folder of each model: what it was trained on is image 0 alone, or images 1 to 64."""
    folder = tmp_path_factory.mktemp("memorised")
    many = torch.stack([image(number) for number in range(1, 65)])
    one = image(0).expand(64, -1, -1, -1)
    return {"one": trained(one, 5, folder / "one"), "many": trained(many, 10, folder / "many")}


def score(folder: Path, row: dict) -> pd.Series:
    """The scores of images 0 and 1."""
    model = describe(folder)
    attack = build_attack("row", row)
    pixels = np.stack([image(0), image(1)])
    vae = Autoencoder(model["vae"], "cpu")
    with torch.inference_mode():
        signals = measured(
            load(model, "cpu"), pixels, ["", ""], attack.queries, pixels=pixels, autoencoder=vae
        )
    return attack.score(evidence(signals))


def test_extraction_finds_the_image_that_was_learnt_by_heart(models):
    row = {"attack": "extraction", "delta": DELTA, **GENERATED}
    assert (score(models["one"], row) == 4).all(), "it makes one image and no other"
    assert (score(models["many"], row) <= 2).all()


def test_similarity_tells_which_image_that_is(models):
    row = {"attack": "generation_similarity", "measure": "tile_rms", "pool": "max", **GENERATED}
    one, many = score(models["one"], row), score(models["many"], row)
    assert one["image0"] > -DELTA > one["image1"]
    assert (many < -DELTA).all()
