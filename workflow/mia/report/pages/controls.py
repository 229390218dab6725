"""What the page says of a target's control models: what they are, and what attacks find on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mia.report.pages.targets import describe_model

HOW_TO_GET_ONE = (
    "A model that saw neither set would tell memory from a difference of the sets. Name one as "
    "control in this target of the config: the base model before fine-tuning, a model of the same "
    "family on other images, or an earlier version."
)
UNKNOWN = "on images that are not known here: say it in models.{name}.note"


def of_target(
    target: Mapping[str, Any],
    spec: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Any]],
    long: pd.DataFrame,
    answers: pd.DataFrame,
) -> dict[str, Any]:
    """Return what the page says of the control models of a target.

    Args:
        target: Its `target_context`.
        spec: The experiment, as the rule gives it.
        models: Name to model.json.
        long: tables/metrics.csv, read as text.
        answers: tables/answers.csv.

    Returns:
        `models`: each control's name and facts: origin, likeness to the model, what it was trained
        on, the AUC of the surest attack on it beside the best blind baseline's. `advice`: where a
        target with a model has none, how to get one.
    """
    pairing = spec["targets"][target["name"]]
    names = pairing.get("control", ())
    if not names:
        wanted = "model" in pairing and not target["control"]
        return {"models": [], "advice": HOW_TO_GET_ONE if wanted else None}
    (attack,) = answers.loc[answers["target"] == target["name"], "attack"]
    found = _aucs(long, target["name"], attack, target["rows"][0]["blind_auc"])
    told = [
        (
            name,
            [
                describe_model(spec["models"][name]),
                _likeness(models[name], models[pairing["model"]]),
                f"trained {trained_on(name, spec)}",
                *found.get(name, ()),
            ],
        )
        for name in names
    ]
    return {"models": told, "advice": None}


def trained_on(name: str, spec: Mapping[str, Any]) -> str:
    """Say what a model was trained on: by its training here, its `note`, or that nobody said.

    >>> models = {"a": {"source": "training", "training": "t"}, "b": {"source": "path"}}
    >>> spec = {"models": models, "training": {"t": {"set": "emoji:shadow", "base": "b"}}}
    >>> trained_on("a", spec)
    'on emoji:shadow, from b (on images that are not known here: say it in models.b.note)'
    """
    model = spec["models"][name]
    note = f"on {model['note']} (as the config says)" if "note" in model else ""
    if model["source"] != "training":
        return note or UNKNOWN.format(name=name)
    training = spec["training"][model["training"]]
    told = f"on {training['set']}"
    if base := training.get("base"):
        told += f", from {base} ({trained_on(base, spec)})"
    return f"{told}; {note}" if note else told


def _likeness(control: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """Say family and size of a control, and those of the model where they are not the same."""
    own, attacked = _kind(control), _kind(model)
    return f"{own}, as the model has" if own == attacked else f"{own}; the model: {attacked}"


def _kind(model: Mapping[str, Any]) -> str:
    """Return family and parameters of the denoiser of a model.json."""
    family = model["family"].replace("_", " ")
    return f"family {family}, {in_millions(model['parameters'])} parameters"


def in_millions(count: int) -> str:
    """Return a count in words, three digits.

    >>> in_millions(859_520_964), in_millions(12_345_678_901), in_millions(54_321)
    ('860 million', '12.3 billion', '54,321')
    """
    for word, size in (("billion", 10**9), ("million", 10**6)):
        if count >= 0.9995 * size:
            return f"{count / size:.3g} {word}"
    return f"{count:,}"


def _aucs(long: pd.DataFrame, target: str, attack: str, blind: float) -> dict[str, list[str]]:
    """Return control to the AUC of an attack on it, beside the best blind one, NaN without any."""
    mine = long[(long["target"] == target) & (long["attack"] == attack)]
    rows = mine[mine["metric"] == "auc_control"]
    beside = "" if math.isnan(blind) else f", best blind AUC {blind:.3f}"
    return {
        row.note: [f"AUC of {attack} on it {float(row.value):.3f}{beside}"]
        for row in rows.itertuples()
    }
