"""A measuring job tells a Stable Diffusion XL the size of each image's file, if it is asked to."""

from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
import torch

from mia import storage
from mia.denoisers.stable_diffusion_xl import StableDiffusionXL
from mia.models import latents_file
from mia.models.folder import describe
from mia.noise import draw_noise
from mia.query import Query, dump
from mia.stages import measure
from tiny_families import stable_diffusion_xl as tiny

QUERIES = [Query("denoise", 200, 0, "both")]
IDS, SIZES = ["a", "b", "c"], [(64, 48), (48, 64), (16, 16)]
CAPTIONS = ["a red cat", "", "a blue dog"]
OWN = [(64, 48, 2, 0, 16, 16), (48, 64, 0, 2, 16, 16), (16, 16, 0, 0, 16, 16)]


@pytest.fixture
def job(tmp_path):
    """A call of the stage with one kind of `time_ids`: its table, with a column for each loss."""
    torch.manual_seed(0)
    saved = tiny.save(tmp_path / "sdxl")
    z0 = np.random.default_rng(0).standard_normal((3, 4, 8, 8)).astype(np.float32)
    latents_file.write(z0, IDS, IDS, tmp_path / "latents.safetensors")
    rows = {"key": IDS, "image_id": IDS, "part": "all", "kept": True, "caption": CAPTIONS}
    rows |= {"alternates": "", "height": [h for h, _ in SIZES], "width": [w for _, w in SIZES]}
    table = pd.DataFrame(rows).astype({"height": "Int64", "width": "Int64"})
    storage.write(table, tmp_path / "manifest.parquet")
    settings = {"device": "cpu", "dtype": "float32", "batch_size": 2, "compile": False}
    settings |= {"flush_seconds": 30, "repeats": 0, "seed": 0}
    settings |= {"queries": dump(QUERIES), "parts": ["all"], "shards": 1}

    def call(kind):
        model = describe(saved, options={"time_ids": kind})
        storage.write_json({"name": "mine", **model}, tmp_path / "model.json")
        output = tmp_path / "signals/mine/all/denoise/000.parquet"
        named = {"latents": tmp_path / "latents.safetensors", "ledger": tmp_path / "ledger"}
        named |= {"model": str(tmp_path / "model.json"), "manifest": tmp_path / "manifest.parquet"}
        named |= {
            "pictures": None,
            "captions": [],
            "shard": "000",
            "threads": 1,
            "output": [str(output)],
        }
        measure.measure(Namespace(settings=settings, **named))
        return storage.read(output).set_index("image_id").loc[IDS], model, z0

    return call


def losses(model, z0, numbers, null):
    """Mean squared error of the estimate of each image, told these numbers, one by one."""
    denoiser, found = StableDiffusionXL(model, "cpu"), []
    level = denoiser.alpha_bar[200]
    for clean, image_id, caption, six in zip(z0, IDS, CAPTIONS, numbers, strict=True):
        noise = torch.from_numpy(draw_noise(0, image_id, 0, (4, 8, 8)))
        z = (level.sqrt() * torch.from_numpy(clean) + (1 - level).sqrt() * noise).float()
        told = denoiser.null if null else denoiser.embed([caption])
        added = {"text_embeds": told["pooled"], "time_ids": torch.tensor([six]).float()}
        with torch.no_grad():
            unet, states = denoiser.part("unet"), told["states"]
            estimate = unet(
                z[None], 200, encoder_hidden_states=states, added_cond_kwargs=added
            ).sample[0]
        found.append((estimate - noise).square().mean().item())
    return found


@pytest.mark.parametrize("kind", ["constant", "own"])
def test_each_image_is_measured_as_it_is_told(kind, job):
    table, model, z0 = job(kind)
    numbers = OWN if kind == "own" else [(16, 16, 0, 0, 16, 16)] * 3
    for condition in ("caption", "null"):
        expected = losses(model, z0, numbers, condition == "null")
        np.testing.assert_allclose(table[f"loss_{condition}"], expected, rtol=1e-4)


def test_another_choice_is_measured_anew_and_the_first_is_kept(job, capsys):
    first = job("constant")[0]
    other = job("own")[0]
    assert capsys.readouterr().err.count("measured 6 evals") == 2
    same = np.isclose(first["loss_null"], other["loss_null"], rtol=1e-6)
    assert same.tolist() == [False, False, True], "the third image is the model's own square"
    again = job("constant")[0]
    assert "everything is in the ledger" in capsys.readouterr().err
    pd.testing.assert_frame_equal(first, again)
