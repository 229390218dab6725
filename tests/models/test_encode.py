"""The encode stage: what lies in the file is what diffusers' VAE says of each image."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import AutoencoderKL
from PIL import Image

from mia import storage
from mia.images.archive import pack
from mia.models import latents_file
from mia.models.folder import describe
from mia.models.sound_latents import LatentsError, require_sound
from model_edits import tensors

WORKFLOW = Path(__file__).parents[2] / "workflow"


def png(number: int) -> bytes:

    pixels = np.random.default_rng(number).integers(0, 256, (20, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_latents_are_the_posterior_means_of_the_kept_pictures(tiny_sd, tmp_path):
    keys = [f"{number:016x}" for number in range(5)]
    ids = list(pack([(key, png(i)) for i, key in enumerate(keys)], tmp_path / "p.tar").values())
    storage.write_json(describe(tiny_sd), tmp_path / "model.json")
    rows = {
        "key": keys,
        "image_id": ids,
        "part": ["a", "a", "b", "c", "b"],
        "kept": [True, False, True, True, True],
    }
    storage.write(pd.DataFrame(rows), tmp_path / "manifest.parquet")
    command = [sys.executable, "-m", "mia.stages.encode", "--vae", "model.json"]
    command += ["--manifest", "manifest.parquet", "--pictures", "p.tar"]
    command += ["--settings", '{"parts": ["a", "b"], "device": "cpu"}']
    command += ["--threads", "1", "--output", "z.safetensors"]
    environment = {"PYTHONPATH": str(WORKFLOW)}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)

    expected = [[keys[0], keys[2], keys[4]], [ids[0], ids[2], ids[4]]]
    assert list(latents_file.images(tmp_path / "z.safetensors")) == expected
    z0 = latents_file.z0(tmp_path / "z.safetensors", range(3))
    vae = AutoencoderKL.from_pretrained(tiny_sd / "vae")
    for latent, number in zip(z0, (0, 2, 4), strict=True):
        picture = Image.open(io.BytesIO(png(number))).crop((0, 2, 16, 18))
        pixels = torch.from_numpy(np.asarray(picture, np.float32) / 127.5 - 1).permute(2, 0, 1)
        with torch.no_grad():
            expected = vae.encode(pixels[None]).latent_dist.mean[0] * 0.5
        np.testing.assert_allclose(latent, expected.numpy(), rtol=1e-4, atol=1e-5)


def sound(**keys):
    return {"folder": "vae", "resolution": 16, "factor": 2, "channels": 4, **keys}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": 16}, r"vae: image k0: latents of shape \(4, 8, 8\); expected \(16, 8, 8\)"),
        ({"factor": 4}, r"vae: image k0: latents of shape \(4, 8, 8\); expected \(4, 4, 4\)"),
        ({"resolution": 32}, r"expected \(4, 16, 16\)"),
    ],
)
def test_latents_of_another_shape_are_refused(change, said):
    latents = np.zeros((3, 4, 8, 8), np.float32)
    require_sound(latents, ["k0", "k1", "k2"], sound())
    with pytest.raises(LatentsError, match=said):
        require_sound(latents, ["k0", "k1", "k2"], sound(**change))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("places", [[1], [2, 1], [2]])
def test_latents_that_are_not_finite_name_an_image(places, value):
    latents = np.zeros((3, 4, 8, 8), np.float32)
    latents[places, -1, -1, -1] = value
    said = (
        rf"image k{min(places)}: its latents hold NaN or infinity, as do those of {len(places) - 1}"
    )
    with pytest.raises(LatentsError, match=said):
        require_sound(latents, ["k0", "k1", "k2"], sound())


def test_no_latents_are_sound():
    require_sound(np.zeros((0, 1, 1, 1), np.float32), [], sound())


def test_a_vae_that_overflows_stops_at_encode(tiny_sd, tmp_path):
    """Its weights are finite, and what it makes of an image is not."""
    folder = shutil.copytree(tiny_sd, tmp_path / "model")
    tensors("vae", lambda held: {n: t * 1e30 if t.ndim == 4 else t for n, t in held.items()})(
        folder
    )
    storage.write_json(describe(folder), tmp_path / "model.json")
    ids = pack([("0" * 16, png(0))], tmp_path / "pictures.tar")
    rows = {"key": list(ids), "image_id": list(ids.values()), "part": ["a"], "kept": [True]}
    storage.write(pd.DataFrame(rows), tmp_path / "manifest.parquet")
    command = [sys.executable, "-m", "mia.stages.encode", "--vae", "model.json", "--manifest"]
    command += ["manifest.parquet", "--pictures", "pictures.tar"]
    command += ["--settings", '{"parts": ["a"], "device": "cpu"}']
    command += ["--threads", "1", "--output", "z.safetensors"]
    run = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(WORKFLOW)}, capture_output=True, text=True
    )
    assert run.returncode == 1 and not (tmp_path / "z.safetensors").exists()
    said = run.stderr.strip().splitlines()[-1]
    assert said.startswith(f"error: {folder}/vae: image {'0' * 16}: its latents hold NaN")
