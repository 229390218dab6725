"""A checkpoint in a single file, and how it becomes a model folder."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
EXPECTED = "expected a folder in Stable Diffusion's diffusers format"


def single_file(path: Path) -> str:
    """Return why a path that is, or a folder that holds, a checkpoint in one file is no model.

    "" where it is something else. Of a safetensors file, the line that converts it is in it.
    """
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and file.suffix == ".safetensors":
            return _conversion(file)
    for file in files:
        if file.is_file() and file.suffix in PICKLES:
            return (
                f"{file}: a pickle can run code when it is opened and is refused; {EXPECTED}, "
                "with safetensors"
            )
    return ""


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
    """A path as Python text, without the quotes that a shell would end at."""
    return json.dumps(str(path)).replace("'", "\\u0027")
