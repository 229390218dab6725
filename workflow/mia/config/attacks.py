"""Attacks by name: the directory is the registry, a module's name is the config key."""

from __future__ import annotations

import importlib
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from mia.attacks.shared.auto_timestep import choice
from mia.attacks.shared.external import External
from mia.attacks.shared.parameters import check_by_name
from mia.config.errors import ConfigError, all_of, nearest
from mia.query import Query

TIMESTEPS = ("timestep", "timesteps")  # the one or other is a field that may be `auto`
EXTERNAL_SCORES = "mia.targets.external_scores"  # the module that finds whose scores a file holds
ATTACKS = Path(__file__).parents[1] / "attacks"


def known_attacks() -> list[str]:
    """Names of all attack modules, sorted."""
    return sorted({path.stem for path in ATTACKS.glob("*.py")} - {"__init__"})


def reads(attack: Any, what: str) -> bool:
    """Whether it says `reads_` images, addresses, reference or rows; by default it does not."""
    return getattr(attack, f"reads_{what}", False)


def is_blind(attack: Any) -> bool:
    """Whether an attack is a blind baseline: it learns from pictures and captions alone."""
    return attack.access == "model-free" and reads(attack, "images")


def is_external(row: dict[str, Any]) -> bool:
    """Whether a row's scores are read from a file."""
    return "scores" in row


def attack_module(name: str, row: dict[str, Any]) -> str:
    """Module of an attack row: `attack`, or the row's own name; `external` where a file scores."""
    return "external" if is_external(row) else row.get("attack", name)


def attack_code(name: str, row: dict[str, Any]) -> str:
    """Dotted name of the module that an attack row stands for."""
    return EXTERNAL_SCORES if is_external(row) else f"mia.attacks.{attack_module(name, row)}"


def build_attacks(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Build the attack of every row; one that reads what other rows ask is told their queries.

    Raises:
        ConfigError: As `build_attack`; or a row named that asks the target's model nothing.
    """
    attacks: dict[str, Any] = {}

    def build(name: str, row: dict[str, Any]) -> None:
        attacks[name] = build_attack(name, row)

    all_of(partial(build, *row) for row in rows.items())
    asking = {
        name: set(attack.queries)
        for name, attack in attacks.items()
        if attack.queries and not reads(attack, "rows") and not reads(attack, "reference")
    }
    return {
        name: attack.asking(_asked(name, attack.rows, asking)) if reads(attack, "rows") else attack
        for name, attack in attacks.items()
    }


def _asked(name: str, rows: tuple[str, ...], asking: dict[str, set[Query]]) -> tuple[Query, ...]:
    """The queries of the rows named, or of all that ask the target's model something."""
    if not asking:
        raise ConfigError(f"attacks.{name}: expected other rows that query the model, found none")
    for row in rows:
        if row not in asking:
            raise ConfigError(
                f"attacks.{name}.rows: {row!r} is no row that queries the target's model alone; "
                f"{nearest(row, asking)}"
            )
    return tuple(sorted(set().union(*(asking[row] for row in rows or asking))))


def build_attack(name: str, row: dict[str, Any]) -> Any:
    """Build the attack of a config row.

    Raises:
        ConfigError: No such attack or parameter, or a value outside its range.
    """
    module, key = attack_module(name, row), f"attacks.{name}"
    if is_external(row):
        return _external(row, key)
    if module not in known_attacks():
        raise ConfigError(f"{key}: no attack {module!r}; {nearest(module, known_attacks())}")
    attack = importlib.import_module(f"mia.attacks.{module}").Attack
    parameters = {key: _tuples(value) for key, value in row.items() if key != "attack"}
    names = {
        field.name for field in fields(attack) if field.init and not field.name.startswith("_")
    }
    for parameter in parameters.keys() - names - {"grid"}:
        raise ConfigError(
            f"{key}: attack {module!r} has no parameter {parameter!r}; {nearest(parameter, names)}"
        )
    try:
        built = _built(attack, parameters)
        built.queries  # noqa: B018 - a query checks its own fields
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {error}") from error
    return built


def _external(row: dict[str, Any], key: str) -> External:
    others = ", ".join(sorted(row.keys() - {"scores", "targets"}))
    if others:
        raise ConfigError(f"{key}: {others}: a row with `scores` has no key but `targets`")
    return External(row["scores"], tuple(row.get("targets", ())))


def _built(attack: type, parameters: dict[str, Any]) -> Any:
    """The attack, or the choice among its timesteps where that parameter is `auto`."""
    grid = parameters.pop("grid", None)
    for field in fields(attack):
        if field.name in TIMESTEPS and parameters.get(field.name, field.default) == "auto":
            others = {name: value for name, value in parameters.items() if name != field.name}
            if grid is None and hasattr(attack, "default_grid"):
                grid = attack.default_grid(**others)
            if not grid:
                raise ValueError(f"{field.name} is auto: expected the timesteps to try as `grid`")
            check_by_name(attack, {**others, field.name: tuple(grid)})
            return choice(attack, others, field.name, grid)
    if grid is not None:
        raise ValueError("`grid` goes with a timestep that is auto")
    check_by_name(attack, parameters)
    return attack(**parameters)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
