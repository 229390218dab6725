"""A checkpoint in a single file, and how it becomes a model folder."""

from __future__ import annotations

import json
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
        f"P.from_single_file({str(file)!r}).save_pretrained({str(target)!r})"
    )
    return (
        f"{file}: a checkpoint in a single file; {EXPECTED}. Make one with: "
        f"python -c {json.dumps(code, ensure_ascii=False)} and say `path: {target}`"
    )
