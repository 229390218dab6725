"""Checks of an attack's parameters when the config is read: one name, one kind of value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from mia.attacks.shared.layers import LAYERS
from mia.attacks.shared.space import SPACES

NORMS = (1, 2, 4, 5)


def one_of(name: str, value: Any, allowed: Collection[Any]) -> None:
    """Raise ValueError unless `value` is among `allowed`."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")


def single_condition(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is one caption: `caption`, `null` or `alt-<name>`."""
    if value not in ("caption", "null") and not str(value).startswith("alt-"):
        raise ValueError(f"{name} must be one of caption, null, alt-<name>, got {value!r}")


def at_least_one(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is a whole number from 1 up, or a list that is not empty."""
    if isinstance(value, tuple):
        if not value:
            raise ValueError(f"{name} must name at least one, got an empty list")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, got {value!r}")


# What a parameter of each name must be, in every attack.
CHECKS: dict[str, Callable[[str, Any], None]] = {
    **dict.fromkeys(("timesteps", "draws", "step", "steps", "rounds"), at_least_one),
    "condition": single_condition,
    "norm": partial(one_of, allowed=NORMS),
    "space": partial(one_of, allowed=SPACES),
    "layers": partial(one_of, allowed=LAYERS),
}


def check_by_name(attack: type, parameters: Mapping[str, Any]) -> None:
    """Raise ValueError if a parameter of an attack is not of its kind.

    What an attack has by default is right in it: SimA has `draws: 0`, which asks for no noise.

    Args:
        attack: The dataclass `Attack` of a module of `mia.attacks`.
        parameters: Those that are given, by name.
    """
    for field in fields(attack):
        value = parameters.get(field.name, field.default)
        by_default = type(value) is type(field.default) and value == field.default
        if field.name in CHECKS and field.init and not by_default:
            CHECKS[field.name](field.name, value)
