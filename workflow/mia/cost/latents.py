"""How large latents will be before a model is described, as far as its own files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mia import result_paths, storage
from mia.config.experiment import Experiment
from mia.models.description import ModelJson
from mia.models.folder import facts
from mia.models.model_json import ModelError
from mia.models.options import options_of

LATENT_OF_STABLE_DIFFUSION = (4, 64, 64)  # of 512 × 512 pixels


def latent_shape(
    experiment: Experiment, results: Path, vae: str
) -> tuple[tuple[int, ...] | None, str]:
    """Return a VAE's latents as channels, height and width, or None, and the same in words.

    They are as described by `model`, else as configured, else as the model's own files say: in its
    folder, or in the hub's cache. A model that is not there yet is taken for Stable Diffusion 1.
    """
    if described := _described_shape(experiment, results, vae):
        return described, _in_words(described)
    if training := experiment.config["training"].get(vae):
        shape = _trained_shape(training)
        return shape, _in_words(shape)
    folder = model_folder(experiment.config["models"][vae])
    if folder is None:
        shape = LATENT_OF_STABLE_DIFFUSION
        assumed = f"; taken for Stable Diffusion 1's, as {vae} is not in the hub's cache"
        return shape, _in_words(shape) + assumed
    try:
        options = options_of(experiment.config["models"][vae])
        found = tuple(facts(folder, options)["latent_shape"])
    except ModelError as error:
        return None, f"their size not known: {error}"
    return found, _in_words(found)


def _trained_shape(training: dict[str, Any]) -> tuple[int, int, int]:
    side = training["resolution"]
    if training["space"] == "pixel":
        return 3, side, side
    side //= 2 ** (len(training["vae_channels"]) - 1)
    return training["latent_channels"], side, side


def _in_words(shape: tuple[int, ...]) -> str:
    return f"{' × '.join(map(str, shape))} numbers each in float32"


def _described_shape(experiment: Experiment, results: Path, vae: str) -> tuple[int, ...] | None:
    for name in experiment.config["models"]:
        path = results / result_paths.MODEL.format(model=name)
        if experiment.vae(name) == vae and path.is_file():
            model: ModelJson = storage.read_json(path)
            return tuple(model["latent_shape"])
    return None


def model_folder(spec: dict[str, Any]) -> Path | None:
    """Return where a model of source `path` or `hub` lies; None if the hub's cache lacks it."""
    if spec["source"] == "path":
        return Path(spec["path"])
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(spec["repo"], "model_index.json", revision=spec["revision"])
    return Path(found).parent if isinstance(found, str) else None
