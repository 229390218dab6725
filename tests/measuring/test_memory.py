"""The peak memory of a measuring job grows with its batches, not with its shard."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mia import storage
from mia.commands.bench import timed
from mia.images.archive import pack
from mia.models import latents_file
from mia.models.folder import describe
from mia.query import Query, dump
from tiny_families import stable_diffusion_xl
from tiny_model import SETTINGS, save_tiny_sd

WORKFLOW = Path(__file__).parents[2] / "workflow"
SIDE = 256
PIXELS = Query("reconstruction", 100, further=(("kind", "step"),))
TEXTS = Query("denoise", 100, condition="both")
WIDTHS, TOKENS = (768, 1280), 77  # of SDXL's text encoders
# Every larger block goes back to the system when it is freed: what is left is what is held.
EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
pytestmark = pytest.mark.proof


def described(folder: Path) -> Path:
    """Write model.json beside `folder`."""
    file = folder.with_suffix(".json")
    storage.write_json({"name": "large", **describe(folder)}, file)
    return file


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model of images so large that a hundred of them show beside torch itself."""
    settings = {**SETTINGS, "resolution": SIDE, "vae_channels": [8, 8, 8, 8]}
    return described(save_tiny_sd(tmp_path_factory.mktemp("large") / "sd", settings=settings))


@pytest.fixture(scope="module")
def told_much(tmp_path_factory):
    """A model that is told as much of a caption as SDXL is: 77 rows of 2,048 numbers."""
    folder = tmp_path_factory.mktemp("told") / "sdxl"
    return described(stable_diffusion_xl.save(folder, widths=WIDTHS, tokens=TOKENS))


def peak(model: Path, query: Query, side: int, folder: Path, images: int) -> float:
    """Peak memory, in MiB, of measuring a shard of `images` images in batches of four.

    Every image has `side` pixels and a caption of its own.
    """
    folder.mkdir()
    names = [f"{number:016x}" for number in range(images)]
    buffer = io.BytesIO()
    Image.effect_noise((side, side), 64).convert("RGB").save(buffer, "JPEG")
    files = [(name, buffer.getvalue() + name.encode()) for name in names]
    ids = list(pack(files, folder / "pictures.tar").values())
    rows = {"key": names, "image_id": ids, "part": "all", "kept": True, "caption": names}
    storage.write(pd.DataFrame({**rows, "alternates": ""}), folder / "manifest.parquet")
    shape = (images, *json.loads(model.read_text())["latent_shape"])
    z0 = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    latents_file.write(z0, names, ids, folder / "latents.safetensors")
    settings = {"device": "cpu", "dtype": "float32", "batch_size": 4, "compile": False}
    settings |= {"flush_seconds": 30, "repeats": 0, "seed": 0}
    settings |= {"queries": dump([query]), "parts": ["all"], "shards": 1}
    named = {
        "model": str(model),
        "manifest": str(folder / "manifest.parquet"),
        "latents": str(folder / "latents.safetensors"),
        "pictures": str(folder / "pictures.tar"),
        "shard": "000",
        "settings": json.dumps(settings),
        "threads": "1",
        "ledger": str(folder / "ledger"),
        "output": str(folder / f"signals/tiny/all/{query.signal}/000.parquet"),
    }
    words = [word for name, value in named.items() for word in (f"--{name}", value)]
    used = timed([sys.executable, "-m", "mia.stages.measure", *words])["mib"]
    assert len(storage.read(named["output"])) == images
    return used


@pytest.fixture
def exact(monkeypatch):
    for name, value in {"PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": "1", **EXACT}.items():
        monkeypatch.setenv(name, value)


def test_four_times_the_images_take_no_more_memory(large, tmp_path, exact):
    few, many = (peak(large, PIXELS, SIDE, tmp_path / str(n), n) for n in (16, 64))
    held_at_once = (64 - 16) * SIDE**2 * 3 * 4 / 2**20
    assert many - few < held_at_once / 2


def test_four_times_the_captions_take_no_more_memory(told_much, tmp_path, exact):
    few, many = (peak(told_much, TEXTS, 16, tmp_path / str(n), n) for n in (16, 64))
    held_at_once = (64 - 16) * TOKENS * sum(WIDTHS) * 4 / 2**20
    assert many - few < held_at_once / 2
