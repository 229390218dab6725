"""Keys of a model's block that decide how it is measured: those of all families, and a family's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.models.families import families, module_of
from mia.models.family import Family
from mia.models.model_json import ModelError, shown

PREPARATION = "preparation"
CENTRE, ADM = "centre", "adm"
PREPARATIONS = (CENTRE, ADM)  # names in `mia.images.squares`; the first where none is given


def options_of(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a model's block that some family reads, as the block gives them."""
    known = {PREPARATION}.union(*(module_of(name).family.options for name in families()))
    return {key: value for key, value in block.items() if key in known}


def own_options(family: Family, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that one family reads, with its defaults.

    Raises:
        ModelError: A key is not read for this family, or a value of one that all read is unknown.
    """
    given = {key: value for key, value in options.items() if key != PREPARATION}
    preparation(options)
    if unknown := sorted(given.keys() - family.options.keys()):
        read = ", ".join([*family.options, PREPARATION])
        raise ModelError(
            f"{unknown[0]}: not read for {family.pipelines[0]}; keys that this family reads: {read}"
        )
    return {**family.options, **given}


def preparation(options: Mapping[str, Any]) -> str:
    """Return how images are prepared, by a model's block or the block `vae` of its description.

    Raises:
        ModelError: No such way is known.
    """
    found = options.get(PREPARATION, PREPARATIONS[0])
    if found not in PREPARATIONS:
        raise ModelError(f"{PREPARATION}: {shown(found)}; expected {' or '.join(PREPARATIONS)}")
    return found
