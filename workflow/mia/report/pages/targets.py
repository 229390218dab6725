"""What the page says about one target: verdict, findings, a row of numbers per attack."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from mia.access import reads_model
from mia.evaluation.headline import limits_in_order, nonmembers_of, sentence, target_limit
from mia.evaluation.summary import TPR_COLUMNS
from mia.report.pages.audit_tables import rests_on
from mia.report.pages.blind_twin import twin, twin_notes
from mia.report.pages.findings import brief, findings, tested
from mia.report.pages.flag_notes import flag_notes
from mia.report.pages.long_table import beyond_blind, carried, notes
from mia.report.pages.texts import (
    ABOVE_BLIND,
    ACCESS,
    LEFT_OUT,
    NO_GALLERY,
    NO_IMAGES,
    NO_MODEL,
)
from mia.report.pages.verdict_texts import conclusions

TEXT = (
    *("target", "attack", "access", "above_chance", "gain", "above_blind", "verdict", "answer"),
    "flags",
)
WITH_RANGE, CHANCE = ("", "_low", "_high"), ("_chance_low", "_chance_high")


def tidy(summary: pd.DataFrame) -> pd.DataFrame:
    """Return tables/summary.csv, read as text, with numbers as floats (NaN where `n/a`)."""
    numbers = {
        name: pd.to_numeric(summary[name], errors="coerce")
        for name in summary.columns
        if name not in TEXT
    }
    return summary.assign(**numbers)


def scale(summary: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the axis on which all AUC intervals are drawn, tenths, 0.5 inside.

    >>> scale(pd.DataFrame({"auc_low": [0.43], "auc_high": [0.71]}))
    (0.4, 0.8)
    """
    low, high = summary["auc_low"].min(), summary["auc_high"].max()
    low, high = math.floor(10 * min(low, 0.5) + 1e-9), math.ceil(10 * max(high, 0.6) - 1e-9)
    return max(low, 0) / 10, min(high, 10) / 10


def attack_rows(summary: pd.DataFrame, ends: tuple[float, float]) -> list[dict[str, Any]]:
    """Return one entry per row of the (tidied) summary table.

    Args:
        summary: Rows of one target or of all.
        ends: What `scale` returned.
    """
    return [_attack_row(row, ends) for row in summary.to_dict("records")]


def _attack_row(row: dict[str, Any], ends: tuple[float, float]) -> dict[str, Any]:
    band = _ends(row, "auc", CHANCE)
    rates = TPR_COLUMNS.items()
    numbers = {"low": row["auc_low"], "value": row["auc"], "high": row["auc_high"], "half": 0.5}
    numbers |= {"chance_low": max(band[0], ends[0]), "chance_high": min(band[1], ends[1])}
    width = ends[1] - ends[0]
    places = {name: round(100 * (at - ends[0]) / width, 2) for name, at in numbers.items()}
    return {
        **{name: row[name] for name in TEXT[:-1]},
        "reads": ACCESS.get(row["access"], row["access"]),
        "blind": not reads_model(row["access"]),
        "above_words": ABOVE_BLIND.get(row["above_blind"], ""),
        "auc": _ends(row, "auc", WITH_RANGE),
        "bar": places,
        "n_nonmember": row["n_nonmember"],
        "tpr": {limit: _ends(row, name, WITH_RANGE) for limit, name in rates},
        "auc_chance": band,
        # A TPR that rests on too few false positives is not printed, nor is its band.
        "tpr_chance": {
            limit: None if math.isnan(row[name]) else _ends(row, name, CHANCE)
            for limit, name in rates
        },
        "gained": _ends(row, "auc_gain", WITH_RANGE),
        "twin": twin(row),
        "blind_auc": row["blind_auc"],
        "evals_alone": row["evals_alone"],
        "evals_shared": row["evals_shared"],
        "backwards": row["backwards"],
        "generations": row["generations"],
        "flags": [flag for flag in re.split(r"[;,\s]+", str(row["flags"])) if flag],
    }


def _ends(row: dict[str, Any], name: str, ends: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(row[name + end] for end in ends)


def target_context(
    name: str,
    spec: dict[str, Any],
    rows: list[dict[str, Any]],
    audit: dict[str, Any],
    long: pd.DataFrame,
) -> dict[str, Any]:
    """Return everything the template says about a target but its images and figures.

    Args:
        name: The target.
        spec: The experiment, as the rule gives it.
        rows: Its `attack_rows`.
        audit: audit/{target}.json.
        long: tables/metrics.csv, read as text.
    """
    pairing, verdict = spec["targets"][name], audit["verdict"]
    control = name in spec["controls"]
    differences = beyond_blind(long, name)
    rows = [{**row, "beyond": differences.get(row["attack"])} for row in rows]
    kind, model, left_out = pairing.get("kind"), pairing.get("model"), pairing.get("left_out", {})
    return {
        "name": name,
        "model": model or "–",
        "references": pairing.get("references", ()),
        "left_out": [(names, LEFT_OUT[reason]) for reason, names in left_out.items()],
        "absent": [(name.removeprefix("blind_"), name) for name in left_out.get("no_images", ())],
        "why_absent": LEFT_OUT["no_images"],
        "made": describe_model(spec["models"][model]) if model else NO_MODEL[kind],
        "no_gallery": NO_GALLERY.get(kind),
        "verdict": verdict,
        "style": verdict.lower().replace(" ", "-"),
        "sentence": audit["sentence"].removeprefix(verdict).lstrip(" :.—-"),
        "words": conclusions(verdict, control),
        "tested": tested(rows, audit),
        "findings": findings(rows, verdict),
        "brief": brief(rows, verdict),
        "audit": audit,
        **rests_on(audit, spec["evaluation"]["confidence"]),
        "sides": [
            (
                side,
                pairing.get(side, NO_IMAGES),
                audit.get("counts", {}).get(side),
                audit[key],
            )
            for side, key in (("members", "n_member"), ("nonmembers", "n_nonmember"))
        ],
        "rows": sorted(rows, key=lambda row: row["blind"]),
        "fpr_limits": limits_in_order(target_limit(rows)),
        "headline": sentence(nonmembers_of(rows)),
        "flags": flag_notes(rows),
        "notes": [*twin_notes(rows), *notes(long, name)],
        "carried": carried(long, name),
        "control": control,
    }


def describe_model(spec: dict[str, Any]) -> str:
    """Say in a few words where a model comes from, without any path.

    >>> describe_model({"source": "training", "training": "emoji", "epoch": 60})
    'trained here (emoji), epoch 60'
    >>> describe_model({"source": "path", "path": "models/mine", "lora": {"path": "mine"}})
    'a local folder, with a LoRA adapter merged into it'
    """
    if "lora" in spec:
        base = describe_model({key: value for key, value in spec.items() if key != "lora"})
        return f"{base}, with a LoRA adapter merged into it"
    if spec["source"] == "training":
        epoch = f"epoch {spec['epoch']}" if spec.get("epoch") else "last epoch"
        return f"trained here ({spec['training']}), {epoch}"
    if spec["source"] == "hub":
        return f"{spec['repo']} at {spec['revision'][:12]}"
    return "a local folder"
