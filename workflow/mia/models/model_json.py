"""JSON files of a model folder: read with care, their keys checked."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LFS = b"version https://git-lfs"
FORMAT = "expected a folder in diffusers' format"
CODE_KEYS = ("auto_map", "custom_pipeline", "custom_pipelines")
CLASS_KEYS = ("_class_name", "tokenizer_class", "processor_class", "image_processor_type")
DEEPEST = 20  # lists and objects in each other
SHOWN = 60  # characters of a value in a message


class ModelError(ValueError):
    """A model folder that cannot be used; the message names the file and what was expected."""


@dataclass(frozen=True)
class Config:
    """A JSON object of a file, over the defaults of the class that reads it.

    Args:
        path: The file.
        given: Keys and values of the file.
        defaults: Keys and values that the class takes where the file has none.
    """

    path: Path
    given: Mapping[str, Any]
    defaults: Mapping[str, Any]

    def get(self, key: str) -> Any:
        """Return the value of `key`; None where neither file nor class has one."""
        return self.given.get(key, self.defaults.get(key))

    def whole(self, key: str, least: int = 1) -> int:
        """Return the value of `key`, a whole number ≥ `least`; raise ModelError if it is none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(key, f"a whole number of at least {least}")
        return value

    def number(self, key: str) -> float:
        """Return the value of `key`, a finite number; raise ModelError if it is none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not finite(value):
            raise self.wrong(key, "a finite number")
        return value

    def wrong(self, key: str, expected: str) -> ModelError:
        """Return the error that `key` has another value than expected."""
        value = self.get(key)
        found = "missing" if value is None and key not in self.given else shown(value)
        return ModelError(f"{self.path}: {key}: {found}; expected {expected}")


def shown(value: Any) -> str:
    """Return a value as JSON in one short line."""
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def finite(number: float) -> bool:
    """Return whether a number is finite as a float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def require_file(path: Path, expected: str) -> None:
    """Raise ModelError unless the contents of a plain file, or of a link to one, are there."""
    if path.is_symlink() and not path.exists():
        raise ModelError(
            f"{path}: a link to {os.readlink(path)}, which is not there; "
            "copy or download the model again"
        )
    if not path.exists():
        raise ModelError(f"{path}: missing; {expected}")
    if not path.is_file():
        raise ModelError(f"{path}: not a plain file; {expected}")
    try:
        with path.open("rb") as file:
            pointer = file.read(len(LFS)) == LFS
    except OSError as error:
        raise ModelError(f"{path}: cannot be opened: {error.strerror}") from error
    if pointer:
        raise ModelError(
            f"{path}: a Git LFS pointer in place of the file: run `git lfs pull` in its folder"
        )


def read_json(path: Path, expected: str = FORMAT) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        ModelError: The file is missing, no JSON, another shape, or names code to run.
    """
    found = _parsed(path, expected)
    if not isinstance(found, dict):
        raise ModelError(f"{path}: {shown(found)}; expected an object of keys and values")
    _require_no_code(path, found)
    return found


def require_no_code(path: Path) -> None:
    """Raise ModelError where a JSON file that nobody here reads names code, or is no JSON.

    A library may read it and do as it says.
    """
    found = _parsed(path, "expected JSON")
    if isinstance(found, dict):
        _require_no_code(path, found)


def _parsed(path: Path, expected: str) -> Any:
    require_file(path, expected)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if _is_deep(found):
            raise RecursionError
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    except RecursionError as error:
        raise ModelError(f"{path}: nested too deeply; expected keys and values") from error
    return found


def _require_no_code(path: Path, found: Mapping[str, Any]) -> None:
    """Raise ModelError if keys at the top, or in blocks such as `text_config`, name code."""
    inner = {f"{key}.": block for key, block in found.items() if isinstance(block, dict)}
    for prefix, block in {"": found, **inner}.items():
        for key in (*CODE_KEYS, *CLASS_KEYS):
            value = block.get(key)
            code = isinstance(value, str | list | dict) and value  # a number is a token, no code
            if code and (key in CODE_KEYS or (isinstance(value, str) and "." in value)):
                raise ModelError(
                    f"{path}: {prefix}{key}: {shown(value)} names code to run; a model folder's "
                    "code is never run: remove the key, if the model is one of the known classes"
                )


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        lists = [one for one in level if isinstance(one, dict | list)]
        level = [v for one in lists for v in (one.values() if isinstance(one, dict) else one)]
    return bool(level)
