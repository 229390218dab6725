"""Stand-ins for what the configs of public targets need: the hub's cache, models, images."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from hub_cache import cache_dataset, cache_model
from laion_mi import WORDS, picture
from mia.images.sources.shared.parts import specs
from micro_experiment import PROJECT
from tiny_families import tiny

FAMILIES = {
    "sdxl-commoncanvas": "stable_diffusion_xl",
    "ddpm-cifar10": "ddpm",
    "dit-imagenet": "dit",
    "sd3": "stable_diffusion3",
    "flux": "flux",
}
EACH = 15  # images of each folder
CLASSES = 3
ADAPTED = "transformer.single_transformer_blocks.0.attn.to_q"


def lay_out(folder: Path, name: str, address: str = "http://example.org/") -> dict[str, Any]:
    """Put what a config needs into a folder and return the config, for the CPU.

    Repositories, revisions, files and paths are the real config's. `folder` is the hub's home.
    """
    text = (PROJECT / f"config/{name}.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    config["results"] = "results"
    config["measure"] = {"device": "cpu", "batch_size": 256, "repeats": 1}
    config["evaluation"] = {"resamples": 100}
    torch.manual_seed(0)
    tiny(FAMILIES[name]).save(folder / "tiny")
    for model in config["models"].values():
        _put_model(folder, model)
    for images in config["image_sets"].values():
        images["shards"] = 1
        for part, spec in specs(images).items():
            if spec["source"] == "hub":
                images["allow_hosts"] = ["127.0.0.1"]
                _put_table(folder, spec, "member" if part == "by" else "nonmember", address)
            else:
                _put_images(folder, spec)
    return config


def _put_model(folder: Path, model: dict[str, Any]) -> None:
    if model["source"] == "path":
        shutil.copytree(folder / "tiny", folder / model["path"])
    elif not (folder / "hub" / f"models--{model['repo'].replace('/', '--')}").exists():
        cache_model(folder / "hub", model["repo"], model["revision"], folder / "tiny")
    if "lora" in model:
        file, width = folder / model["lora"]["path"], 32  # of the tiny transformer
        file.parent.mkdir(parents=True, exist_ok=True)
        layers = {"lora_A": torch.randn(2, width), "lora_B": torch.randn(width, 2)}
        held = {f"{ADAPTED}.{layer}.weight": value for layer, value in layers.items()}
        save_file(held, file)


def _put_table(folder: Path, spec: dict[str, Any], part: str, address: str) -> None:
    """Write the columns that are read and some that are not; the second hash is another's."""
    rng = np.random.default_rng(part == "member")
    numbers = range(22)
    hashes = [hashlib.sha256(picture(part, number)).hexdigest() for number in numbers]
    hashes[1] = hashlib.sha256(b"").hexdigest()
    columns = {
        "jpg": [{"bytes": b"", "path": None} for _ in numbers],
        "blip2_caption": [" ".join(rng.choice(WORDS, 4)) for _ in numbers],
        "caption": ["" for _ in numbers],
        "datetaken": pd.to_datetime(["2010-01-01" for _ in numbers]),
        "url": [f"{address}{part}/{number}.png" for number in numbers],
        "sha256": hashes,
    }
    path = folder / f"{part}.parquet"
    pd.DataFrame(columns).to_parquet(path)
    cache_dataset(folder / "hub", spec["repo"], spec["revision"], {spec["file"]: path})


def _put_images(folder: Path, spec: dict[str, Any]) -> None:
    place = folder / spec["path"]
    place.mkdir(parents=True)
    for number in range(EACH):
        (place / f"{number:04d}.JPEG").write_bytes(jpeg(f"{spec['path']}/{number}"))
    if spec["captions"] != "none":
        told = [str(number % CLASSES) for number in range(EACH)]
        files = [f"{number:04d}.JPEG" for number in range(EACH)]
        table = pd.DataFrame({"file": files, "caption": told})
        table.to_csv(folder / spec["captions"], index=False)


def jpeg(seed: str) -> bytes:
    """Return an image that no search for duplicates takes for another."""
    rng = np.random.default_rng([*seed.encode()])
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.resize((24, 24), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()
