"""Attacks by name: the directory is the registry, a module's name is the config key."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast

from mia.access import WHITE_BOX, reads_model
from mia.attacks.shared import from_references
from mia.attacks.shared.auto_timestep import at_each_timestep
from mia.attacks.shared.contract import (
    Attack,
    Entry,
    Learns,
    LearnsFromReferences,
    OffersGrid,
    Stacks,
    traits_of,
)
from mia.attacks.shared.external import External
from mia.attacks.shared.other_captions import OtherCaptions, with_captions
from mia.attacks.shared.parameters import check_by_name
from mia.config.errors import ConfigError, all_of, nearest
from mia.query import Query, load
from mia.signals.shared.evals import predictions, unanswered
from mia.told_captions import FIELD, OWN

TIMESTEPS = ("timestep", "timesteps")  # an attack has one of these fields; it may be `auto`
META = (
    "attack",
    FIELD,
    from_references.FIELD,
)  # keys of an entry that are no parameters of its attack
EXTERNAL_SCORES = "mia.targets.external_scores"  # the module that finds whose scores a file holds
ATTACKS = Path(__file__).parents[1] / "attacks"


def known_attacks() -> list[str]:
    """Return the names of all attack modules, sorted."""
    return sorted({path.stem for path in ATTACKS.glob("*.py")} - {"__init__"})


def is_blind(attack: Entry) -> bool:
    """Return whether an attack is a blind baseline: it learns from images and captions alone."""
    return not reads_model(attack.access) and traits_of(attack).reads_images


def is_external(entry: dict[str, Any]) -> bool:
    """Return whether the scores of an entry of `attacks:` are read from a file."""
    return "scores" in entry


def attack_module(name: str, entry: dict[str, Any]) -> str:
    """Return an entry's module: `attack`, or the entry's name; `external` for a file of scores."""
    return "external" if is_external(entry) else entry.get("attack", name)


def attack_code(name: str, entry: dict[str, Any]) -> str:
    """Return the dotted name of the module that an entry stands for."""
    return EXTERNAL_SCORES if is_external(entry) else f"mia.attacks.{attack_module(name, entry)}"


def build_attacks(entries: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the attack of every entry; an attack that stacks others gets their queries.

    Raises:
        ConfigError: As `build_attack`; or a stacked entry asks the target's model nothing.
    """
    attacks: dict[str, Any] = {}

    def build(name: str, entry: dict[str, Any]) -> None:
        attacks[name] = build_attack(name, entry)

    all_of(partial(build, *entry) for entry in entries.items())
    asked = asking(attacks)
    return {
        name: _stacked(name, attack, asked) if isinstance(attack, Stacks) else attack
        for name, attack in attacks.items()
    }


def asking(attacks: Mapping[str, Entry]) -> dict[str, tuple[Query, ...]]:
    """Return the queries of each of `attacks` that a stack may read: those the model answers.

    None under a caption control is among them, nor a size of the image itself, nor a gradient.
    """
    return {
        name: queries
        for name, attack in attacks.items()
        if (queries := tuple(filter(predictions, attack.queries)))
        and not isinstance(attack, Stacks | OtherCaptions)
        and not traits_of(attack).reads_reference
        and attack.access != WHITE_BOX
    }


def stacked(attack: Stacks, asked: Mapping[str, tuple[Query, ...]]) -> Attack | None:
    """Return a stack on those of its entries that are `asked`; None where none is.

    Of a query that another one answers it reads that other's row: it holds the same numbers.
    """
    chosen = [asked[other] for other in attack.entries or asked if other in asked]
    return attack.with_queries(tuple(sorted(unanswered({*chain(*chosen)})))) if chosen else None


def _stacked(name: str, attack: Stacks, asked: dict[str, tuple[Query, ...]]) -> Attack:
    """The attack on the queries of the entries it names, or of all that are `asked`."""
    if not asked:
        raise ConfigError(f"attacks.{name}: expected other entries that query the model")
    for other in attack.entries:
        if other not in asked:
            raise ConfigError(
                f"attacks.{name}.entries: {other!r} is no entry that queries the target's model "
                f"alone; {nearest(other, asked)}"
            )
    return cast(Attack, stacked(attack, asked))


def build_attack(name: str, entry: dict[str, Any]) -> Any:
    """Return the attack of an entry of `attacks:`.

    Raises:
        ConfigError: There is no such attack or parameter, or a value is outside its range.
    """
    module, key = attack_module(name, entry), f"attacks.{name}"
    if is_external(entry):
        return _external(entry, key)
    if module not in known_attacks():
        raise ConfigError(f"{key}: no attack {module!r}; {nearest(module, known_attacks())}")
    attack = importlib.import_module(f"mia.attacks.{module}").Attack
    parameters = {key: _tuples(value) for key, value in entry.items() if key not in META}
    names = {
        field.name for field in fields(attack) if field.init and not field.name.startswith("_")
    }
    for parameter in parameters.keys() - names - {"grid"}:
        raise ConfigError(
            f"{key}: attack {module!r} has no parameter {parameter!r}; "
            f"{nearest(parameter, {*names, FIELD, from_references.FIELD})}"
        )
    try:
        learns_from = entry.get(from_references.FIELD, from_references.TARGET)
        built = from_references.learning_from(_built(attack, parameters), learns_from)
        built = with_captions(built, entry.get(FIELD, OWN))
        built.queries  # noqa: B018 - a query checks its own fields
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {error}") from error
    return built


def attack_of(settings: Mapping[str, Any]) -> Any:
    """Return the attack that a stage is told of: `name`, `entry`, and `queries` if it stacks."""
    attack = build_attack(settings["name"], settings["entry"])
    return attack.with_queries(load(settings["queries"])) if "queries" in settings else attack


def _external(entry: dict[str, Any], key: str) -> External:
    others = ", ".join(sorted(entry.keys() - {"scores", "targets"}))
    if others:
        raise ConfigError(f"{key}: {others}: an entry with `scores` has no key but `targets`")
    return External(entry["scores"], tuple(entry.get("targets", ())))


def _built(attack: type, parameters: dict[str, Any]) -> Any:
    """The attack, or the choice among its timesteps where that parameter is `auto`."""
    grid = parameters.pop("grid", None)
    for field in fields(attack):
        if field.name in TIMESTEPS and parameters.get(field.name, field.default) == "auto":
            others = {name: value for name, value in parameters.items() if name != field.name}
            if grid is None and issubclass(attack, OffersGrid):
                grid = attack.default_grid(**others)
            if not grid:
                raise ValueError(f"{field.name} is auto: expected the timesteps to try as `grid`")
            check_by_name(attack, {**others, field.name: tuple(grid)})
            built = at_each_timestep(attack, others, field.name, grid)
            if isinstance(built.candidates[0], Learns | LearnsFromReferences):
                raise ValueError(f"{field.name}: it learns itself; expected a timestep, not auto")
            return built
    if grid is not None:
        raise ValueError("`grid` goes with a timestep that is auto")
    check_by_name(attack, parameters)
    return attack(**parameters)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
