"""What a model is told of an image decides which entries of `attacks:` exist on its targets.

A model that turns text into images is told a caption, a class-conditional model a class, and an
unconditional one nothing. On a class, no words can be cut, and the neutral caption is none. On
nothing, there are no two conditions to contrast and no captions to exchange, and every other attack
runs without a caption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mia.attacks.shared.auto_timestep import AutoTimestep
from mia.attacks.shared.contract import Entry, Stacks
from mia.attacks.shared.from_references import FromReferences
from mia.attacks.shared.other_captions import OtherCaptions
from mia.config.attacks import asking, build_attack, build_attacks, stacked
from mia.models.families import condition_of
from mia.models.family import CLASS, NONE, TEXT
from mia.models.model_json import ModelError
from mia.signals.shared.evals import reads_words
from mia.told_captions import FIXED, NEUTRAL

NULL = "null"  # the condition of a query without a caption


def model_condition(config: Mapping[str, Any], model: str) -> str:
    """Return what a model of a completed config is told of an image: `text`, `class` or `none`.

    A training says it of its model; what starts from a base is told text, as only such models are
    fine-tuned here. A folder says it in its model_index.json. Of a hub model, and where a folder
    cannot be read, the config says it.
    """
    spec = config["models"][model]
    if spec["source"] == "training":
        training = config["training"].get(spec.get("training"), {})
        return TEXT if training.get("text", True) else NONE
    if "condition" in spec:
        return spec["condition"]
    return (spec["source"] == "path" and folder_condition(spec)) or TEXT


def folder_condition(spec: Mapping[str, Any]) -> str | None:
    """Return what the model of a block of source `path` is told; None where that cannot be read."""
    try:
        return condition_of(Path(spec["path"]))
    except (KeyError, ModelError):
        return None


def attacks_under(entries: dict[str, dict[str, Any]], condition: str) -> dict[str, Any]:
    """Return the attacks that exist on models of a condition, each as it asks such a model.

    Args:
        entries: The block `attacks:`.
        condition: `text`, `class` or `none`.

    Raises:
        ConfigError: As `build_attacks`.
    """
    attacks = build_attacks(entries)
    if condition == TEXT:
        return attacks
    there = {
        name: build_attack(name, entry_under(entries[name], attack, condition))
        for name, attack in attacks.items()
        if not isinstance(attack, Stacks) and _exists(attack, condition)
    }
    asked = asking(there)
    found = {
        name: stacked(attack, asked) if isinstance(attack, Stacks) else there.get(name)
        for name, attack in attacks.items()
    }
    return {name: attack for name, attack in found.items() if attack is not None}


def entry_under(entry: Mapping[str, Any], attack: Entry, condition: str) -> dict[str, Any]:
    """Return an entry as it is for models of a condition: without a caption, if they have none."""
    asks = bool(attack.queries) and not isinstance(attack, Stacks)
    bare = condition == NONE and asks and _chooses_condition(attack)
    return {**entry, "condition": NULL} if bare else {**entry}


def _exists(attack: Entry, condition: str) -> bool:
    """Whether an attack that asks something of its own exists on models without text."""
    if isinstance(attack, OtherCaptions):
        is_class = condition == CLASS and attack.captions != f"{FIXED}:{NEUTRAL}"
        return is_class and _exists(attack.attack, condition)
    if any(map(reads_words, attack.queries)):
        return False
    if condition == CLASS or not attack.queries:
        return True
    told = {query.condition for query in attack.queries}
    return "both" not in told and (told == {NULL} or _chooses_condition(attack))


def _chooses_condition(attack: Entry) -> bool:
    one: Any = attack.attack if isinstance(attack, FromReferences) else attack
    one = one.candidates[0] if isinstance(one, AutoTimestep) else one
    return "condition" in {field.name for field in fields(one)}
