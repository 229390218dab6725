"""Describe a Stable-Diffusion-format folder from its JSON files, without loading a weight."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from mia.safetensors_file import damage

DENOISERS = Path(__file__).parent / "denoisers"
PARTS = ("text_encoder", "unet", "vae")
SCALING_FACTOR = 0.18215  # of Stable Diffusion's first VAEs, whose configs do not say so


class ModelError(ValueError):
    """A model folder that cannot be used; the message names the file and what was expected."""


def describe(folder: Path, variant: str | None = None) -> dict[str, Any]:
    """Return what the pipeline needs to know of the model in `folder`.

    Returns:
        `family` (module in `mia.denoisers`), `folder`, `variant`, `files` (path to sha256 of every
        file that is loaded), `weights` (one sha256 of all of them), `prediction_type`, `alpha_bar`
        (1,000 numbers), `resolution` in pixels, `latent_shape`, and `vae` (`describe_vae`).

    Raises:
        ModelError: A file is missing, damaged, a pickle, or describes an unsupported model.
    """
    index = _read(folder / "model_index.json")
    unet, scheduler = _read(folder / "unet/config.json"), _scheduler(folder)
    vae = describe_vae(folder / "vae", variant)
    files = [folder / "model_index.json", scheduler, *_tokenizer_files(folder / "tokenizer")]
    for part in PARTS:
        files += [folder / part / "config.json", *_weights(folder / part, variant)]
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in sorted(files)}
    resolution = unet["sample_size"] * vae["factor"]
    return {
        "family": _family(folder, index["_class_name"]),
        "folder": str(folder),
        "variant": variant,
        "files": hashes,
        "weights": _combined(hashes),
        "prediction_type": _read(scheduler).get("prediction_type", "epsilon"),
        "alpha_bar": alpha_bar(_read(scheduler), scheduler).tolist(),
        "resolution": resolution,
        "latent_shape": [unet["in_channels"], unet["sample_size"], unet["sample_size"]],
        "vae": {**vae, "resolution": resolution},
    }


def describe_vae(folder: Path, variant: str | None = None) -> dict[str, Any]:
    """Return `folder`, `variant`, `files`, `factor` (pixels per latent side), scaling and shift."""
    config = _read(folder / "config.json")
    files = [folder / "config.json", *_weights(folder, variant)]
    return {
        "folder": str(folder),
        "variant": variant,
        "files": {path.name: file_hash(path) for path in files},
        "factor": 2 ** (len(config["block_out_channels"]) - 1),
        "scaling_factor": config.get("scaling_factor", SCALING_FACTOR),
        "shift_factor": config.get("shift_factor") or 0.0,
    }


def alpha_bar(scheduler: dict[str, Any], path: Path) -> np.ndarray:
    """Return ᾱ_t for t in 0…999, float64, from a scheduler's config.

    Raises:
        ModelError: The schedule is not one of 1,000 steps with linear or scaled-linear betas.
    """
    steps = scheduler.get("num_train_timesteps", 1000)
    kind, start, end = (scheduler.get(key) for key in ("beta_schedule", "beta_start", "beta_end"))
    if steps != 1000 or scheduler.get("rescale_betas_zero_snr") or scheduler.get("trained_betas"):
        raise ModelError(f"{path}: expected 1,000 training steps of an unmodified beta schedule")
    if kind == "linear":
        betas = np.linspace(start, end, steps)
    elif kind == "scaled_linear":
        betas = np.linspace(start**0.5, end**0.5, steps) ** 2
    else:
        raise ModelError(f"{path}: beta_schedule {kind!r}: expected linear or scaled_linear")
    return np.cumprod(1 - betas)


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _combined(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(
            f"{path}: missing; expected a folder in Stable Diffusion's diffusers format"
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error


def _scheduler(folder: Path) -> Path:
    path = folder / "scheduler" / "scheduler_config.json"
    return path if path.is_file() else folder / "scheduler" / "config.json"


def _tokenizer_files(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.glob("*")) if path.suffix in {".json", ".txt"}]
    if not files:
        raise ModelError(f"{folder}: no tokenizer files (*.json, *.txt)")
    return files


def _weights(folder: Path, variant: str | None) -> list[Path]:
    """Safetensors files of one component, sharded or not; never a pickle."""
    suffix = f".{variant}" if variant else ""
    stem = re.compile(
        rf"^(model|diffusion_pytorch_model){re.escape(suffix)}(-\d+-of-\d+)?\.safetensors$"
    )
    found = sorted(path for path in folder.glob("*.safetensors") if stem.match(path.name))
    for path in found:
        with path.open("rb") as file:
            if wrong := damage(file, path.stat().st_size):
                raise ModelError(f"{path}: not a whole safetensors file: {wrong}")
    if found:
        return [*found, *sorted(folder.glob(f"*.safetensors.index{suffix}.json"))]
    pickles = [
        path for ending in ("bin", "pt", "pth", "ckpt") for path in folder.glob(f"*.{ending}")
    ]
    if pickles:
        raise ModelError(
            f"{pickles[0]}: a pickle can run code when it is opened and is refused; "
            f"expected {folder}/*{suffix}.safetensors"
        )
    raise ModelError(f"{folder}: no weights; expected *{suffix}.safetensors")


def families() -> list[str]:
    """Model families there is a denoiser for: modules in `mia.denoisers`, sorted."""
    shared = {"__init__", "base", "autoencoder"}
    return sorted({path.stem for path in DENOISERS.glob("*.py")} - shared)


def _family(folder: Path, pipeline: str) -> str:
    """`StableDiffusionPipeline` is `stable_diffusion`."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", pipeline.removesuffix("Pipeline")).lower()
    if name not in families():
        raise ModelError(
            f"{folder}/model_index.json: {pipeline}: no denoiser {name!r}; "
            f"known: {', '.join(families())}"
        )
    return name
