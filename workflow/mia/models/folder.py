"""Describe a Stable-Diffusion-format folder from its JSON files and the headers of its weights."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path, PurePosixPath

from mia.file_hash import file_hash
from mia.given.folder_files import FolderError, list_files, shown
from mia.models.component_configs import scheduler_file
from mia.models.description import Configured, Description, VaeFiles
from mia.models.expected_tensors import require_weights
from mia.models.model_configs import Configs, factor, read_configs, read_vae
from mia.models.model_json import Config, ModelError, read_json, require_no_code
from mia.models.noise_schedule import alpha_bar, prediction_type
from mia.models.single_file import single_file
from mia.models.tokenizer_folder import caption_length, tokenizer_files
from mia.models.weight_files import Weights, find

DENOISERS = Path(__file__).parents[1] / "denoisers"
PARTS = ("text_encoder", "unet", "vae")
INDEX = "model_index.json"
LOADED = (*PARTS, "tokenizer", "scheduler")


def describe(folder: Path, variant: str | None = None) -> Description:
    """Return what the pipeline needs to know of the model in `folder`.

    It compares everything that it can without loading a weight: the JSON files with each other, and
    with the names and shapes in the headers of the weights. Every weight is looked at for NaN.

    Returns:
        `family` (module in `mia.denoisers`), `folder`, `variants` (of each component's weights),
        `files` (path to sha256 of every file that is loaded), `weights` (one sha256 of all of
        them), `prediction_type`, `alpha_bar` (1,000 numbers), `resolution` in pixels,
        `latent_shape`, `caption_length` in tokens, and `vae` (`describe_vae`).

    Raises:
        ModelError: A file is missing, damaged, a pickle, contradicts another, names code to run, or
            describes an unsupported model.
    """
    configs, said = _read(folder)
    weights = _weights(folder, variant)
    for part in PARTS:
        require_weights(part, getattr(configs, part), weights[part])
    hashes = _hashes(folder, _files(folder, weights))
    return {
        **said,
        "folder": str(folder),
        "variants": {part: weights[part].variant for part in PARTS},
        "files": hashes,
        "weights": _combined(hashes),
        "vae": {
            **_vae_block(configs.vae, weights["vae"]),
            "resolution": configs.resolution,
        },
    }


def require_usable(folder: Path) -> None:
    """Raise ModelError where the JSON files of `folder`, without its weights, rule it out."""
    _read(folder)


def _read(folder: Path) -> tuple[Configs, Configured]:
    """Return the configs, and what of the description they say."""
    _require_model_folder(folder)
    family, configs = _family(folder), read_configs(folder)
    return configs, {
        "family": family,
        "prediction_type": prediction_type(configs.scheduler),
        "alpha_bar": alpha_bar(configs.scheduler).tolist(),
        "resolution": configs.resolution,
        "latent_shape": list(configs.latent_shape),
        "caption_length": caption_length(folder / "tokenizer", configs.text_encoder),
    }


def weights_hash(folder: Path, variant: str | None = None) -> str:
    """Return the `weights` of `describe`, of a folder that was made here."""
    return _combined(_hashes(folder, _files(folder, _weights(folder, variant))))


def describe_vae(folder: Path, variant: str | None = None) -> VaeFiles:
    """Return `folder`, `variant`, `files`, `factor` (pixels per latent side), `channels` of the
    latents, scaling and shift."""
    return _vae_block(read_vae(folder), find(folder, variant))


def _vae_block(config: Config, weights: Weights) -> VaeFiles:
    return {
        "folder": str(config.path.parent),
        "variant": weights.variant,
        "files": {path.name: file_hash(path) for path in [config.path, *weights.files]},
        "factor": factor(config),
        "channels": config.get("latent_channels"),
        "scaling_factor": config.get("scaling_factor"),
        "shift_factor": config.get("shift_factor") or 0.0,
    }


def _weights(folder: Path, variant: str | None) -> dict[str, Weights]:
    """Return the weights of each component, of the variant where it has them."""
    found = {part: find(folder / part, variant) for part in PARTS}
    if variant and not any(weights.variant for weights in found.values()):
        raise ModelError(
            f"{folder}: variant {variant!r}: no component has weights of it; "
            "leave `variant` out to use those that are there"
        )
    return found


def _files(folder: Path, weights: dict[str, Weights]) -> list[Path]:
    """Return every file that is loaded."""
    files = [folder / INDEX, scheduler_file(folder)]
    files += tokenizer_files(folder / "tokenizer")
    for part, held in weights.items():
        files += [folder / part / "config.json", *held.files]
    return files


def _hashes(folder: Path, files: list[Path]) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in sorted(files)}


def _combined(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


def _require_model_folder(folder: Path) -> None:
    """Raise ModelError unless it is a folder with a model_index.json that names no code."""
    there = (folder / INDEX).exists()
    if not there and (wrong := single_file(folder)):
        raise ModelError(wrong)
    try:
        listing = list_files(folder)
    except FolderError as error:
        raise ModelError(str(error)) from error
    _require_no_code(folder, (*listing.files, *listing.not_utf8))


def _require_no_code(folder: Path, names: tuple[str, ...]) -> None:
    """Raise ModelError if a JSON file names code, or code lies where a component is loaded.

    Other Python files, such as the handler.py of a server, are nobody's business.
    """
    paths = [PurePosixPath(name) for name in names]
    loaded = [path for path in paths if path.parts[0] in LOADED or path.name == INDEX]
    for path in loaded:
        if path.suffix == ".json" and len(path.parts) <= 2:
            require_no_code(folder / path)
        if path.suffix == ".py":
            raise ModelError(
                f"{folder}/{shown(str(path))}: code in a component's folder, which is never run: "
                "remove the file, if the model is one of the known classes"
            )
    modules = {path.stem: path for path in paths if path.suffix == ".py"}
    for part, entry in read_json(folder / INDEX).items():
        if isinstance(entry, list) and entry and str(entry[0]) in modules:
            raise ModelError(
                f"{folder / INDEX}: {part}: {json.dumps(entry)} names code to run, "
                f"{shown(str(modules[str(entry[0])]))}; a model folder's code is never run"
            )


def families() -> list[str]:
    """Return the model families there is a denoiser for: modules in `mia.denoisers`, sorted."""
    shared = {"__init__", "base", "autoencoder", "loading", "tokenizer"}
    return sorted({path.stem for path in DENOISERS.glob("*.py")} - shared)


def _family(folder: Path) -> str:
    """Return the family of a folder: `stable_diffusion` for `StableDiffusionPipeline`."""
    path = folder / INDEX
    pipeline = read_json(path).get("_class_name")
    known = f"known: {', '.join(families())}"
    if not isinstance(pipeline, str):
        found = "missing" if pipeline is None else json.dumps(pipeline)
        raise ModelError(f"{path}: _class_name: {found}; expected the name of a pipeline; {known}")
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", pipeline.removesuffix("Pipeline")).lower()
    if name not in families():
        raise ModelError(f"{path}: {pipeline}: no denoiser {name!r}; {known}")
    return name
