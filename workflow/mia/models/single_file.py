"""A file that is given for a model: what it is, and how to get a model folder instead."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from mia.models.folder_entries import entries
from mia.models.safetensors_file import damage, tensors

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
EXPECTED = "expected a folder in diffusers' format"


# How names of a U-Net's tensors begin in the checkpoints that `from_single_file` converts.
CHECKPOINT = "model.diffusion_model."
ADAPTER = re.compile(r"(^|[^a-z])(lora|lokr|loha|hada)([^a-z]|$)")
COMPONENT = re.compile(r"(diffusion_pytorch_model.*|model([.-].*)?)\.safetensors")


def single_file(path: Path) -> str:
    """Return why a path that is a file, or a folder that holds one, is no model.

    Return "" where it is something else. For a checkpoint, the reason holds the line that converts
    it. For a component or an adapter, which nothing converts, it says what to name instead.
    """
    files = entries(path) if path.is_dir() else [path]
    found = [file for file in files if file.is_file() and file.suffix == ".safetensors"]
    reasons = [_part(file) or _conversion(file) for file in found]
    if reasons:
        return max(reasons, key=lambda reason: "a checkpoint" in reason)
    for file in files:
        if file.is_file() and file.suffix in PICKLES:
            return (
                f"{file}: a pickle can run code when it is opened and is refused; {EXPECTED}, "
                "with safetensors"
            )
    return ""


def _part(file: Path) -> str:
    """Return why a file is less than a checkpoint; "" where it may be one."""
    names = _names(file)
    if any(name.startswith(CHECKPOINT) for name in names):
        return ""
    if any(ADAPTER.search(name.lower()) for name in (file.stem, *names)):
        return (
            f"{file}: an adapter (LoRA or its like), which is no model alone; {EXPECTED}. Name its "
            f"base here, and beside that `lora: {{path: {file}}}`"
        )
    if COMPONENT.fullmatch(file.name) or (file.parent / "config.json").is_file():
        above = file.parent.parent
        whole = (above / "model_index.json").is_file()
        way = f"`path: {above}`" if whole else "with model_index.json"
        return f"{file}: one component of a model; {EXPECTED}: name the folder above, {way}"
    return ""


def _names(file: Path) -> list[str]:
    """Return the names of a file's tensors; none where it is damaged."""
    try:
        with file.open("rb") as opened:
            return [] if damage(opened, file.stat().st_size) else list(tensors(file))
    except OSError:
        return []


def _conversion(file: Path) -> str:
    target = file.with_suffix("")
    code = (
        "from diffusers import StableDiffusionPipeline as P; "
        f"P.from_single_file({_quoted(file)}).save_pretrained({_quoted(target)})"
    )
    return (
        f"{file}: a checkpoint in a single file; {EXPECTED}. Make one with: "
        f"python -c {shlex.quote(code)} (it asks the hub for the configs) and say `path: {target}`"
    )


def _quoted(path: Path) -> str:
    """Return a path as Python text, without the quotes that a shell would end at."""
    return json.dumps(str(path)).replace("'", "\\u0027")
