"""Pinned models of the Hugging Face hub: from the local cache, else downloaded into it.

The cache is the hub's own (`HF_HOME`); with `HF_HUB_OFFLINE=1` nothing else is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mia.hub_error import HubError, unreachable
from mia.models.component_configs import CONFIG, SCHEDULER_CONFIG, component_folder
from mia.models.families import family_of, module_of
from mia.models.model_configs import INDEX
from mia.models.model_json import read_json
from mia.models.weight_files import variant_of


def model_snapshot(
    repo: str,
    revision: str,
    variant: str | None = None,
    look: Callable[[Path], None] = lambda folder: None,
) -> Path:
    """Return the local snapshot of a pinned model; weights as safetensors only.

    Weights are downloaded last: those of the variant, and plain ones of components that lack it.

    Args:
        look: Called with the snapshot before any weight is downloaded; its errors go on.

    Raises:
        HubError: It is not in the cache and cannot be downloaded.
    """
    folder = _snapshot(repo, revision, [INDEX])
    parts, others = components(folder)
    _snapshot(repo, revision, small_files(parts, others))
    look(folder)
    where = {part: component_folder(folder, part) for part in parts}
    _snapshot(repo, revision, weight_patterns(folder, where.values(), variant))
    without = [place for place in where.values() if variant and not has_variant(place, variant)]
    if without:
        _snapshot(repo, revision, weight_patterns(folder, without, None))
    if bare := [part for part, place in where.items() if not any(place.glob("*.safetensors"))]:
        _require_plain(repo, revision, bare[0])
    return folder


def adapter_snapshot(repo: str, revision: str, name: str) -> Path:
    """Return the local file `name` of a pinned repository that holds an adapter.

    Raises:
        HubError: It is not in the cache and cannot be downloaded, or the repository has no such
            file.
    """
    file = _snapshot(repo, revision, [name]) / name
    if not file.is_file():
        raise HubError(
            f"hub model {repo} at {revision}: no {name} in the cache or the repository; expected "
            "the adapter's file: `weight_name`"
        )
    return file


def components(folder: Path) -> tuple[list[str], list[str]]:
    """Return the components with weights, and those without, that model_index.json names.

    Raises:
        ModelError: Its pipeline is of no family.
    """
    index = read_json(folder / INDEX)
    parts = module_of(family_of(folder / INDEX, index)).family.parts
    there = [name for name in parts if index.get(name) not in (None, [None, None])]
    weighted = [name for name in there if parts[name].has_weights]
    return weighted, [name for name in there if name not in weighted]


def small_files(parts: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return patterns of all files but weights that are read."""
    return [
        *(INDEX, CONFIG, SCHEDULER_CONFIG, "diffusion_pytorch_model.safetensors*.json"),
        "scheduler/*.json",
        *(f"{part}/*.{kind}" for part in others for kind in ("json", "txt", "model")),
        *(f"{part}/config.json" for part in parts),
        *(f"{part}/*.safetensors*.json" for part in parts),
    ]


def _require_plain(repo: str, revision: str, part: str) -> None:
    """Raise HubError where a component of the repository has weights of variants only."""
    from huggingface_hub import HfApi

    try:
        names = HfApi().list_repo_files(repo, revision=revision)
    except Exception:  # without the hub nobody knows; the folder's own error follows
        return
    found = {variant for name in names if (variant := variant_of(name.removeprefix(f"{part}/")))}
    if found:
        raise HubError(
            f"hub model {repo} at {revision}: {part}: weights of variant "
            f"{' and '.join(sorted(found))} only; say `variant: {min(found)}` in the model's block"
        )


def weight_patterns(folder: Path, places: Iterable[Path], variant: str | None) -> list[str]:
    """Return patterns of the weights' files, by their names of today and by the older ones.

    Args:
        folder: Of the model.
        places: Where its components lie.
        variant: Of the weights.
    """
    suffix, shard = f".{variant}" if variant else "", "-?????-of-?????"
    endings = dict.fromkeys([suffix, f"{suffix}{shard}", f"{shard}{suffix}"])
    return [
        (place.relative_to(folder) / f"{stem}{ending}.safetensors").as_posix()
        for place in places
        for stem in ("model", "diffusion_pytorch_model")
        for ending in endings
    ]


def has_variant(folder: Path, variant: str) -> bool:
    """Return whether a component's folder holds weights of a variant."""
    return any(folder.glob(f"*.{variant}*.safetensors"))


def _snapshot(repo: str, revision: str, patterns: list[str]) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the hub's client raises many kinds; all mean: not to be had
        raise HubError(unreachable(f"hub model {repo}", repo, revision, error)) from error
