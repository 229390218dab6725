"""The encode stage: what lies in the file is what diffusers' VAE says of each picture."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from diffusers import AutoencoderKL
from PIL import Image
from safetensors import safe_open

from mia import tables
from mia.images.archive import pack
from mia.model_folder import describe

WORKFLOW = Path(__file__).parents[1] / "workflow"


def png(number: int) -> bytes:

    pixels = np.random.default_rng(number).integers(0, 256, (20, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_latents_are_the_posterior_means_of_the_kept_pictures(tiny_sd, tmp_path):
    keys = [f"{number:016x}" for number in range(5)]
    pack([(key, png(i)) for i, key in enumerate(keys)], tmp_path / "pictures.tar")
    tables.write_json(describe(tiny_sd), tmp_path / "model.json")
    rows = {
        "key": keys,
        "image_id": [f"id{i}" for i in range(5)],
        "part": ["a", "a", "b", "c", "b"],
        "kept": [True, False, True, True, True],
    }
    tables.write(pd.DataFrame(rows), tmp_path / "manifest.parquet")
    command = [sys.executable, "-m", "mia.stages.encode", "--vae", "model.json"]
    command += ["--manifest", "manifest.parquet", "--pictures", "pictures.tar"]
    command += [
        "--parts",
        "a",
        "b",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--output",
        "z.safetensors",
    ]
    environment = {"PYTHONPATH": str(WORKFLOW)}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)

    with safe_open(tmp_path / "z.safetensors", "numpy") as file:
        z0, metadata = file.get_tensor("z0"), file.metadata()
    assert json.loads(metadata["key"]) == [keys[0], keys[2], keys[4]]
    assert json.loads(metadata["image_id"]) == ["id0", "id2", "id4"]
    vae = AutoencoderKL.from_pretrained(tiny_sd / "vae")
    for latent, number in zip(z0, (0, 2, 4), strict=True):
        picture = Image.open(io.BytesIO(png(number))).crop((0, 2, 16, 18))
        pixels = torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)
        with torch.no_grad():
            expected = vae.encode(pixels[None]).latent_dist.mean[0] * 0.5
        np.testing.assert_allclose(latent, expected.numpy(), rtol=1e-4, atol=1e-5)
