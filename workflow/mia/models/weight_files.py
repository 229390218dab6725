"""Which files hold the weights of a component: the ones that its library will read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mia.models.folder_entries import entries
from mia.models.model_json import ModelError, read_json, require_file, shown
from mia.models.safetensors_file import damage, tensors
from mia.models.single_file import PICKLES

# Components that transformers loads; diffusers loads the others.
TRANSFORMERS = re.compile(r"(prior_)?(text|image)_encoder(_\d)?")
SHARD = r"-\d+-of-\d+"
VARIANT = re.compile(rf"\w+\.([\w-]+?)(?:{SHARD})?\.safetensors|\w+{SHARD}\.([\w-]+)\.safetensors")


@dataclass(frozen=True)
class Weights:
    """Weights of one component.

    Args:
        variant: Of these files, such as `fp16`; None for plain ones.
        tensor_files: Safetensors files, sorted.
        index: The file that says which shard holds which tensor, of sharded weights.
    """

    variant: str | None
    tensor_files: tuple[Path, ...]
    index: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All of them, the index too."""
        return [*self.tensor_files, *([self.index] if self.index else [])]

    def held(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Return name to dtype and shape of every tensor, from the files' headers."""
        return {name: found for path in self.tensor_files for name, found in tensors(path).items()}


def find(folder: Path, variant: str | None = None) -> Weights:
    """Return the weights of the component in `folder`; never a pickle.

    As diffusers does, plain weights are taken where a component has none of the variant.

    Raises:
        ModelError: No weights, or a file that is lost, damaged, a Git LFS pointer or a pickle.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: missing; expected a folder with config.json and weights")
    for wanted in dict.fromkeys([variant, None]):
        if found := _of_variant(folder, wanted):
            for path in found.tensor_files:
                _require_whole(path)
            if found.index:
                _require_indexed(found, found.index)
            return found
    raise ModelError(_explanation(folder, variant))


def plain_file(folder: Path) -> str:
    """Return the name of the file of a component's weights that are neither sharded nor variant."""
    return f"{_stem(folder)}.safetensors"


def _stem(folder: Path) -> str:
    return "model" if TRANSFORMERS.fullmatch(folder.name) else "diffusion_pytorch_model"


def _of_variant(folder: Path, variant: str | None) -> Weights | None:
    """Return the files as the component's library looks for them, in its order."""
    stem, dotted = _stem(folder), f".{variant}" if variant else ""
    single = folder / f"{stem}{dotted}.safetensors"
    index = folder / f"{stem}.safetensors.index{dotted}.json"
    older = folder / f"{stem}.safetensors{dotted}.index.json"
    if variant and not _there(index) and _there(older):
        _require_readable(older, index.name)
        index = older
    sharded_first = not TRANSFORMERS.fullmatch(folder.name)
    if _there(single) and not (sharded_first and _there(index)):
        return Weights(variant, (single,))
    return Weights(variant, _shards(index), index) if _there(index) else None


def _there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _require_readable(older: Path, newer: str) -> None:
    """Raise ModelError if no library reads an index by its older name.

    Diffusers alone reads it, and only where no folder has a dot.
    """
    dots = str(older.parent).count(".")
    if TRANSFORMERS.fullmatch(older.parent.name) or dots != (".cache" in str(older)):
        raise ModelError(
            f"{older}: an older name, which its library does not read; name it {newer}"
        )


def _shards(index: Path) -> tuple[Path, ...]:
    """Return the safetensors files that an index names, sorted."""
    placed = read_json(index).get("weight_map")
    names = set(placed.values()) if isinstance(placed, dict) and _all_text(placed) else set()
    if not names or any(Path(name).name != name for name in names):
        raise ModelError(f"{index}: weight_map: {shown(placed)}; expected tensor to file name")
    return tuple(index.parent / name for name in sorted(names))


def _all_text(placed: dict) -> bool:
    return all(isinstance(name, str) for name in placed.values())


def _require_whole(path: Path) -> None:
    expected = "a part of the weights is lost: copy or download the model again"
    require_file(path, expected)
    with path.open("rb") as file:
        if wrong := damage(file, path.stat().st_size):
            raise ModelError(f"{path}: not a whole safetensors file: {wrong}")


def _require_indexed(weights: Weights, place: Path) -> None:
    """Raise ModelError unless the index and the shards' headers name the same tensors."""
    index = read_json(place)
    if not isinstance(index.get("metadata"), dict):
        raise ModelError(f"{place}: metadata: {shown(index.get('metadata'))}; expected one")
    promised = set(index["weight_map"].items())
    held = {(name, path.name) for path in weights.tensor_files for name in tensors(path)}
    if wrong := sorted(promised - held):
        name, file = wrong[0]
        raise ModelError(
            f"{place}: {len(wrong)} tensors are not where it says, such as {name} in {file}"
        )
    if wrong := sorted(held - promised):
        name, file = wrong[0]
        raise ModelError(f"{place}: does not name {len(wrong)} tensors: {name} in {file}")


def variant_of(name: str) -> str | None:
    """Return the variant of a file of weights, by either of its names; None if plain.

    >>> variant_of("model.fp16.safetensors"), variant_of("model-00001-of-00002.fp16.safetensors")
    ('fp16', 'fp16')
    """
    found = VARIANT.fullmatch(name)
    return next(filter(None, found.groups()), None) if found else None


def _explanation(folder: Path, variant: str | None) -> str:
    """Return why there are no weights, and the way out."""
    stem = _stem(folder)
    names = [path.name for path in entries(folder)]
    variants = sorted({kind for name in names if (kind := variant_of(name))})
    dotted = f".{variant}" if variant else ""
    expected = f"expected {stem}{dotted}.safetensors"
    # A variant's file without a shard's number is whole; with one it is of no use without an index.
    whole = [kind for kind in variants if _of_variant(folder, kind)]
    if whole:
        return (
            f"{folder}: weights of variant {' and '.join(whole)} only; "
            f"say `variant: {whole[0]}` in the model's block, or add {stem}.safetensors"
        )
    if shards := [name for name in names if re.search(rf"{SHARD}.*\.safetensors$", name)]:
        return (
            f"{folder}: the index of {shards[0]} and its like is lost; "
            f"expected {stem}.safetensors.index{f'.{variants[0]}' if variants else ''}.json"
        )
    if pickles := [name for name in names if name.endswith(PICKLES)]:
        return (
            f"{folder / pickles[0]}: a pickle can run code when it is opened and is refused; "
            f"expected {folder}/{stem}{dotted}.safetensors"
        )
    others = [name for name in names if name.endswith(".safetensors")]
    return f"{folder}: no weights; {expected}{f'; found {chr(44).join(others)}' if others else ''}"
