"""Which entries of `attacks:` are one attack under different captions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from mia.attacks.shared.other_captions import OtherCaptions
from mia.told_captions import OWN

NULL = "null"


def caption_controls(attacks: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the attacks that have controls, each as captions to entry.

    Args:
        attacks: Entry name to attack.

    Returns:
        One dict for each attack with a control, in the order of the entries. Its keys are `own`,
        `fixed:<text>`, `shuffled`, `swapped`, and `null` for the same attack under the condition
        `null`. What no entry asks is missing. All other parameters of the entries are equal.
    """
    found: dict[str, dict[str, str]] = {}
    for name, attack in attacks.items():
        captions = attack.captions if isinstance(attack, OtherCaptions) else OWN
        inner = attack.attack if isinstance(attack, OtherCaptions) else attack
        condition = getattr(inner, "condition", "caption")
        if condition in ("caption", NULL):
            told = NULL if condition == NULL else captions
            found.setdefault(_alike(inner), {}).setdefault(told, name)
    return [entries for entries in found.values() if {*entries} - {OWN, NULL}]


def _alike(attack: Any) -> str:
    """Return text that is equal for attacks that differ in the condition alone."""
    if is_dataclass(attack) and "condition" in {field.name for field in fields(attack)}:
        attack = replace(attack, condition="caption")  # type: ignore[type-var]
    return f"{type(attack).__module__} {attack!r}"
