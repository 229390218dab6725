"""Edits of a model's folder, for tests: its JSON files, its tensors, the names of its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

WEIGHTS = {
    "text_encoder": "text_encoder/model.safetensors",
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "vae": "vae/diffusion_pytorch_model.safetensors",
}
GONE = object()


def keys(file: str, **changes: Any) -> Callable[[Path], None]:
    """An edit that sets keys of a JSON file; `GONE` removes one."""

    def edit(folder: Path) -> None:
        found = json.loads((folder / file).read_text())
        found = {key: value for key, value in {**found, **changes}.items() if value is not GONE}
        (folder / file).write_text(json.dumps(found))

    return edit


def text(file: str, contents: str) -> Callable[[Path], None]:
    """An edit that writes a file anew."""
    return lambda folder: (folder / file).write_text(contents)


def tensors(part: str, change: Callable[[dict[str, Tensor]], dict[str, Tensor] | None]):
    """An edit of a component's tensors, in place or by what `change` returns."""

    def edit(folder: Path) -> None:
        held = load_file(folder / WEIGHTS[part])
        held = change(held) or held
        held = {name: tensor.contiguous() for name, tensor in held.items()}
        save_file(held, folder / WEIGHTS[part], {"format": "pt"})

    return edit


def as_variant(part: str, variant: str = "fp16") -> Callable[[Path], None]:
    """An edit that renames a component's weights to those of a variant."""

    def edit(folder: Path) -> None:
        path = folder / WEIGHTS[part]
        path.rename(path.with_name(f"{path.stem}.{variant}.safetensors"))

    return edit


def sharded(part: str, shard: str, index: str) -> Callable[[Path], None]:
    """An edit that splits a component's weights in two, with an index.

    Args:
        part: The component.
        shard: Name of a file, with `{}` where its number stands.
        index: Name of the index.
    """

    def edit(folder: Path) -> None:
        path = folder / WEIGHTS[part]
        held, placed = load_file(path), {}
        names = sorted(held)
        for number, chosen in enumerate((names[::2], names[1::2]), start=1):
            file = shard.format(f"{number:05d}-of-00002")
            save_file({n: held[n] for n in chosen}, path.with_name(file), {"format": "pt"})
            placed |= dict.fromkeys(chosen, file)
        contents = {"metadata": {"total_size": path.stat().st_size}, "weight_map": placed}
        path.with_name(index).write_text(json.dumps(contents))
        path.unlink()

    return edit


def both(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    """All edits, one after the other."""

    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit
