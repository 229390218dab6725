"""Describe a model's folder from its JSON files and the headers of its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from mia.file_hash import file_hash
from mia.given.folder_files import FolderError, list_files, shown
from mia.models.component_configs import component_folder, scheduler_file
from mia.models.description import Configured, Description, Facts, Vae
from mia.models.expected_tensors import require_weights
from mia.models.families import family_of, module_of
from mia.models.folder_configs import read_configs
from mia.models.model_configs import INDEX, Configs
from mia.models.model_json import ModelError, read_json, require_no_code
from mia.models.noise_schedule import noise_schedule
from mia.models.options import PREPARATION, preparation
from mia.models.shapes import require_fitting
from mia.models.single_file import single_file
from mia.models.tokenizer_folder import tokenizer_files
from mia.models.vae_block import pixels_block, vae_block
from mia.models.weight_files import Weights, find

LARGEST = 8192  # pixels a side


def describe(
    folder: Path, variant: str | None = None, options: Mapping[str, Any] | None = None
) -> Description:
    """Return what the pipeline needs to know of the model in `folder`.

    It compares everything that it can without loading a weight: the JSON files with each other, and
    with the names and shapes in the headers of the weights. Every weight is looked at for NaN.

    Args:
        folder: Of the model.
        variant: Of the weights, such as `fp16`.
        options: Keys of the model's block that its family reads.

    Returns:
        `mia.models.description.Description`.

    Raises:
        ModelError: A file is missing, damaged, a pickle, contradicts another, names code to run, or
            describes an unsupported model.
    """
    configs, said = read(folder, options or {})
    weights = _weights(configs, variant)
    modules = {}
    for name, held in weights.items():
        kind = configs.family.parts[name].kind(configs.classes[name])
        modules[name] = require_weights(name, kind, configs.parts[name], held)
    hashes = _hashes(folder, _files(configs, weights))
    described: Description = {
        **said,
        "folder": str(folder),
        "classes": dict(configs.classes),
        "variants": {name: held.variant for name, held in weights.items()},
        "files": hashes,
        "weights": _combined(hashes),
        "tensors": [name for name, _ in modules[configs.family.denoiser].named_parameters()],
        "vae": _vae(configs, said, weights, options or {}),
    }
    require_fitting(configs, described, modules)
    return described


def require_usable(folder: Path, options: Mapping[str, Any] | None = None) -> None:
    """Raise ModelError where the JSON files of `folder`, without its weights, rule it out."""
    read(folder, options or {})


def facts(folder: Path, options: Mapping[str, Any] | None = None) -> Facts:
    """Return what the family reads from the JSON files of `folder`, without its weights."""
    configs = read_configs(folder, options)
    return module_of(configs.name).facts(configs)


def read(folder: Path, options: Mapping[str, Any]) -> tuple[Configs, Configured]:
    """Return the configs and what they say of the model; raise ModelError if it rules it out."""
    _require_model_folder(folder)
    configs = read_configs(folder, options)
    found = module_of(configs.name).facts(configs)
    if found["resolution"] > LARGEST:
        raise configs.denoiser.wrong("sample_size", f"images of at most {LARGEST:,} pixels a side")
    schedule = noise_schedule(configs.scheduler)
    said: Configured = {
        **found,
        "family": configs.name,
        "condition": configs.family.condition,
        "prediction_type": schedule.prediction_type,
        "alpha_bar": schedule.alpha_bar.tolist(),
        "caption_lengths": configs.caption_lengths(),
        "options": dict(configs.options),
    }
    if schedule.sigma_data is not None:
        said["sigma_data"] = schedule.sigma_data
    return configs, said


def _vae(
    configs: Configs, said: Configured, weights: Mapping[str, Weights], options: Mapping[str, Any]
) -> Vae:
    name = configs.family.autoencoder
    given = {"resolution": said["resolution"], PREPARATION: preparation(options)}
    if name is None:
        return {**pixels_block(configs.folder, said["latent_shape"][0]), **given}  # type: ignore
    block = vae_block(configs.classes[name], configs.parts[name], weights[name])
    return {**block, **given}  # type: ignore[typeddict-item]


def weights_hash(folder: Path, variant: str | None = None) -> str:
    """Return the `weights` of `describe`, of a folder that was made here."""
    configs = read_configs(folder)
    return _combined(_hashes(folder, _files(configs, _weights(configs, variant))))


def _weights(configs: Configs, variant: str | None) -> dict[str, Weights]:
    """Return the weights of each component, of the variant where it has them."""
    folders = {name: component_folder(configs.folder, name) for name in configs.parts}
    found = {name: find(folder, variant) for name, folder in folders.items()}
    if variant and not any(weights.variant for weights in found.values()):
        raise ModelError(
            f"{configs.folder}: variant {variant!r}: no component has weights of it; "
            "leave `variant` out to use those that are there"
        )
    return found


def _files(configs: Configs, weights: Mapping[str, Weights]) -> list[Path]:
    """Return every file that is loaded."""
    folder = configs.folder
    files = [folder / INDEX, scheduler_file(folder)]
    for name in configs.classes:
        if name in weights:
            files += [configs.parts[name].path, *weights[name].files]
        elif configs.family.parts[name].is_scheduler:
            files.append(scheduler_file(folder, name))
        else:
            files += tokenizer_files(folder / name, configs.family.parts[name])
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
    index = read_json(folder / INDEX)
    parts = {*module_of(family_of(folder / INDEX, index)).family.parts, "scheduler"}
    paths = [PurePosixPath(name) for name in names]
    loaded = [path for path in paths if path.parts[0] in parts or path.name == INDEX]
    for path in loaded:
        if path.suffix == ".json" and len(path.parts) <= 2:
            require_no_code(folder / path)
        if path.suffix == ".py":
            raise ModelError(
                f"{folder}/{shown(str(path))}: code in a component's folder, which is never run: "
                "remove the file, if the model is one of the known classes"
            )
    modules = {path.stem: path for path in paths if path.suffix == ".py"}
    for part, entry in index.items():
        if isinstance(entry, list) and entry and str(entry[0]) in modules:
            raise ModelError(
                f"{folder / INDEX}: {part}: {json.dumps(entry)} names code to run, "
                f"{shown(str(modules[str(entry[0])]))}; a model folder's code is never run"
            )
