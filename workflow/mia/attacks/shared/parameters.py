"""Checks of an attack's parameters: said once, when the config is read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def one_of(name: str, value: Any, allowed: Collection[Any]) -> None:
    """Raise ValueError unless `value` is among `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")


def single_condition(value: Any) -> None:
    """Raise ValueError unless `value` is one caption: `caption`, `null` or `alt-<name>`."""
    if value not in ("caption", "null") and not str(value).startswith("alt-"):
        raise ValueError(f"condition must be one of caption, null, alt-<name>, got {value!r}")


def at_least_one(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is a whole number from 1 up, or a list that is not empty."""
    if isinstance(value, tuple):
        if not value:
            raise ValueError(f"{name} must name at least one, got an empty list")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, got {value!r}")
