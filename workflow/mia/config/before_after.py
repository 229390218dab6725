"""`compare`: the same attacks on the same images, before and after a defence or an unlearning."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.other_captions import OtherCaptions
from mia.config import design
from mia.config.comparison_names import ENDS
from mia.config.errors import ConfigError, all_of, require_known
from mia.config.experiment import Experiment
from mia.config.kinds import AUDIT_ONLY, FULL, SCORES_ONLY
from mia.config.materials import SIDES
from mia.models.family import TOLD

CHOOSING = ("match", "isolate", "known")  # keys of a target that leave images out


def comparisons(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return name to `before`, `after` and the attacks that are compared, JSON-ready."""
    return {
        name: {**pair, "attacks": compared_attacks(experiment, *(pair[end] for end in ENDS))}
        for name, pair in experiment.config["compare"].items()
    }


def compared_attacks(experiment: Experiment, before: str, after: str) -> list[str]:
    """Return the entries that read the model of both targets, without caption controls.

    An entry with `scores` has one file for both, so it says nothing of a difference. Of targets of
    scores alone the columns of a common name are compared.
    """
    return [
        name
        for name in experiment.attacks_of(before)
        if name in experiment.attacks_of(after) and _asks(experiment, before, name)
    ]


def _asks(experiment: Experiment, target: str, name: str) -> bool:
    if experiment.kind(target) == SCORES_ONLY:
        return True
    attack = experiment.attacks_under(experiment.told(target))[name]
    if attack.access == EXTERNAL or isinstance(attack, OtherCaptions):
        return False
    return reads_model(attack.access)


def check_comparisons(experiment: Experiment) -> None:
    """Check that the targets of each comparison have the same images on each side.

    Raises:
        ConfigError: A line for each mistake; it names the keys that differ.
    """
    all_of(partial(_check, experiment, name) for name in experiment.config["compare"])


def _check(experiment: Experiment, name: str) -> None:
    key, pair = f"compare.{name}", experiment.config["compare"][name]
    before, after = (pair[end] for end in ENDS)
    for end in ENDS:
        require_known(pair[end], experiment.config["targets"], f"{key}.{end}", "target")
    if before == after:
        raise ConfigError(f"{key}: {before!r} stands for before and after; expected two targets")
    kinds = {target: experiment.kind(target) for target in (before, after)}
    for end, (target, kind) in zip(ENDS, kinds.items(), strict=True):
        if kind == AUDIT_ONLY:
            raise ConfigError(f"{key}.{end}: {target!r} has no model and no scores to compare")
    if len({*kinds.values()}) > 1:
        told = " and ".join(f"{target!r} is {kind}" for target, kind in kinds.items())
        raise ConfigError(f"{key}: {told}; expected two targets of one kind")
    if lines := [f"{key}: {line}" for line in _unlike(experiment, before, after)]:
        raise ConfigError("\n".join(lines))
    if SCORES_ONLY in kinds.values() and not all(map(experiment.columns_of, kinds)):
        return  # a table that cannot be read: the check of files says why
    if not compared_attacks(experiment, before, after):
        raise ConfigError(
            f"{key}: no attack reads the model of both {before!r} and {after!r}; expected one"
        )


def _unlike(experiment: Experiment, before: str, after: str) -> Iterator[str]:
    """Yield what the config says differently of two targets, of what decides on their images."""
    if experiment.kind(before) != FULL:
        return
    specs = [experiment.config["targets"][target] for target in (before, after)]
    for side in SIDES:
        one, other = (experiment.parts(spec[side]) for spec in specs)
        if (one[0], {*one[1]}) != (other[0], {*other[1]}):
            yield _differ(side, before, after, *(spec[side] for spec in specs))
    for field in CHOOSING:
        given = [spec.get(field) for spec in specs]
        if given[0] != given[1]:
            yield _differ(field, before, after, *given)
    if len({design.trained_here(experiment, target) for target in (before, after)}) > 1:
        yield (
            f"model: only one of {before!r} and {after!r} has a model that is trained here, and "
            "duplicates of training images are dropped otherwise for the other; expected both or "
            "neither"
        )
    told = [TOLD[experiment.told(target)] for target in (before, after)]
    if told[0] != told[1]:
        yield _differ("model", before, after, f"told {told[0]}", f"told {told[1]}")


def _differ(key: str, before: str, after: str, one: Any, other: Any) -> str:
    return (
        f"{key}: {one if one is not None else 'nothing'} in {before!r},"
        f" {other if other is not None else 'nothing'} in {after!r};"
        " expected the same, as the images have to be"
    )
