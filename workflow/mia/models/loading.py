"""Load a component of a model, and refuse one whose weights are not all in its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LISTS = ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs", "conversion_errors")
NAMED, LINE = 3, 400


class LoadError(RuntimeError):
    """Weights that are not those of the class; the message names the folder and the tensors."""


def load_whole(
    kind: Any, folder: Path, variant: str | None = None, passed_over: tuple[str, ...] = ()
) -> Any:
    """Return a model of class `kind`, of diffusers or transformers, from a local folder.

    No code of the folder is run, no pickle is opened, and nothing is drawn at random.

    Args:
        kind: A class with `from_pretrained`.
        folder: With config.json and safetensors.
        variant: Of the weights, such as `fp16`.
        passed_over: Beginnings of names of tensors that the files may hold without need.

    Raises:
        LoadError: A tensor is missing, unexpected or of another shape, or the library cannot load
            the folder at all.
    """
    options: dict[str, Any] = {"variant": variant} if variant else {}
    if kind.__module__.startswith("diffusers."):
        options["low_cpu_mem_usage"] = False
    else:
        options["trust_remote_code"] = False
    options |= {"use_safetensors": True, "local_files_only": True, "output_loading_info": True}
    try:
        model, found = kind.from_pretrained(folder, **options)
    except (OSError, RuntimeError, ValueError) as error:  # such as tensors of another shape
        said = " ".join(str(error).split())[:LINE]
        raise LoadError(f"{folder}: no {kind.__name__} can be loaded: {said}") from error
    wrong = []
    for name in LISTS:
        keys = sorted(map(str, found.get(name) or []))
        if name == "unexpected_keys":
            keys = [key for key in keys if not key.startswith(passed_over)]
        if keys:
            what = name.removesuffix("_keys").replace("_", " ")
            wrong.append(f"{len(keys)} {what} ({'; '.join(keys[:NAMED])})")
    if wrong:
        raise LoadError(f"{folder}: not the weights of a {kind.__name__}: {', '.join(wrong)}")
    return model
