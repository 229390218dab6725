"""The tables: one row per number (long), and one row per attack on a target (wide)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.cost import Cost
from mia.evaluation.comparison import Comparison, above_blind
from mia.evaluation.flags import duplicates_across_sets, shift
from mia.evaluation.metrics_file import Metrics
from mia.stats.metrics import FPR_LIMITS

LONG = [
    *("target", "attack", "metric", "limit", "value", "low", "high", "n", "note"),
    *("chance_low", "chance_high"),
]
DUPLICATE = "duplicate of member"  # in the membership's reasons for dropping a nonmember
ENDS = {  # end of a column's name: key of the number in a metrics file
    "": "value",
    "_low": "low",
    "_high": "high",
    "_chance_low": "chance_low",
    "_chance_high": "chance_high",
}
OF_MODEL = ("estimates_worse_than_zero", "fits_another_prediction_type")
TPR_COLUMNS = dict(zip(FPR_LIMITS, ("tpr_fpr_10pct", "tpr_fpr_1pct", "tpr_fpr_01pct"), strict=True))
WIDE = [
    *("target", "attack", "access", "n_member", "n_nonmember"),
    *(name + end for name in ("auc", *TPR_COLUMNS.values()) for end in ENDS),
    *("above_chance", "blind_auc", "above_blind", "verdict"),
    *("evals_alone", "evals_shared", "backwards", "flags"),
]


def summary_rows(
    metrics: Sequence[Metrics],
    audit: Mapping[str, Any],
    comparisons: Sequence[Comparison],
    above_chance: Mapping[str, str],
    costs: Mapping[str, Cost],
) -> list[dict[str, Any]]:
    """Return one row per attack of one target, keys as in `WIDE`.

    Args:
        metrics: The attacks' metrics, as `evaluate` writes them.
        audit: The target's audit; where its verdict is `NOT FAIR`, `above_blind` is `n/a`.
        comparisons: With the blind baselines.
        above_chance: Attack to `yes`, `no` or `undecided`, of those that read the model.
        costs: Attack name to cost.
    """
    blind = [found["auc"]["value"] for found in metrics if found["blind"]]
    farthest = max(blind, key=lambda auc: abs(auc - 0.5), default=None)
    verdict, of_target = audit["verdict"], target_flags(audit)
    rows = []
    for found in metrics:
        attack = found["attack"]
        mine = [c for c in comparisons if c.attack == attack]
        unfair = verdict == "NOT FAIR" or found["blind"]
        numbers = {"auc": found["auc"]}
        numbers |= {TPR_COLUMNS[entry["limit"]]: entry for entry in found["tpr"]}
        rows.append(
            {
                "target": found["target"],
                "attack": attack,
                "access": found["access"],
                "n_member": found["n_member"],
                "n_nonmember": found["n_nonmember"],
                **{
                    name + end: number[key]
                    for name, number in numbers.items()
                    for end, key in ENDS.items()
                },
                "above_chance": above_chance.get(attack, "n/a"),
                "blind_auc": farthest,
                "above_blind": "n/a" if unfair else above_blind(mine),
                "verdict": verdict,
                "evals_alone": costs[attack].evals_alone,
                "evals_shared": costs[attack].evals_shared,
                "backwards": costs[attack].backwards,
                "flags": " ".join(sorted([*found["flags"], *of_target, *_of_model(found, audit)])),
            }
        )
    return rows


def target_flags(audit: Mapping[str, Any]) -> list[str]:
    """Return the flags that concern every number of a target."""
    nonmembers = audit["counts"]["nonmembers"]
    dropped = [n for why, n in nonmembers["dropped"].items() if DUPLICATE in why]
    flags = {
        "shift": shift(audit["verdict"]),
        "duplicates_across_sets": duplicates_across_sets(sum(dropped), nonmembers["kept"]),
    }
    return [flag for flag, raised in flags.items() if raised]


def _of_model(found: Metrics, audit: Mapping[str, Any]) -> list[str]:
    """Return the flags of a target's model, or its reference, for an attack that reads it."""
    reading = reads_model(found["access"]) and found["access"] != EXTERNAL
    return [flag for flag in OF_MODEL if reading and audit[flag]]


def metric_rows(
    metrics: Sequence[Metrics],
    comparisons: Sequence[Comparison],
    together: Mapping[str, float],
) -> list[dict[str, Any]]:
    """Return one row per number of one target, keys as in `LONG`.

    `auc_minus_blind` is paired with the blind baseline in its note (`Comparison`). Where the sets
    differ it says nothing about the model: `above_blind` is `n/a` there. `epsilon_together` are the
    bounds of `together` (`epsilon.bounds_together`).
    """
    rows = []
    for found in metrics:
        members, nonmembers = found["n_member"], found["n_nonmember"]
        both = members + nonmembers
        numbers = [_number("auc", None, found["auc"], both, found["auc"]["method"])]
        partial = found["partial_auc"]
        note = f"standardised: 0.5 without signal, 1 if perfect; {partial['method']}"
        numbers.append(_number("partial_auc", partial["limit"], partial, both, note))
        for entry in found["tpr"]:
            numbers.append(_number("tpr_at_fpr", entry["limit"], entry, members, entry["note"]))
        for entry in found["carried"] or ():
            alarm = "threshold_does_not_carry" if entry["alarm"] else ""
            note = entry["note"] or alarm
            for rate, n in (("fpr", nonmembers), ("tpr", members)):
                numbers.append(
                    _number(f"carried_{rate}", entry["limit"], entry[rate] or {}, n, note)
                )
        if balanced := found["balanced_accuracy"]:
            note = f"threshold of the largest TPR - FPR on calibration; {balanced['method']}"
            numbers.append(_number("balanced_accuracy", None, balanced, both, note))
        note = "largest over all thresholds of the same fold: optimistic"
        numbers.append(_number("advantage", None, found["advantage"], both, note))
        if draws := found["between_draws"]:
            note = (
                f"standard deviation of the AUCs of {draws['draws']} single draws, same images;"
                " not part of the AUC's interval"
            )
            numbers.append(_number("auc_between_draws", None, {"value": draws["sd"]}, both, note))
        if repeats := found["repeats"]:
            note = (
                "largest difference between an image's scores from two measurements, in standard"
                f" deviations of the score; of the {repeats['pictures']} images measured twice"
            )
            value = {"value": repeats["difference"]}
            numbers.append(_number("repeat_difference", None, value, repeats["pictures"], note))
        bound = found["epsilon"]
        note = f"lower bound at δ = {bound['delta']:g}; {bound['note']}"
        note = note if bound["value"] is not None else bound["note"]
        numbers.append(_number("epsilon", None, {"value": bound["value"]}, bound["pairs"], note))
        if found["attack"] in together:
            value = {"value": together[found["attack"]]}
            note = f"lower bound at δ = {bound['delta']:g}; holds with those of all attacks at once"
            numbers.append(_number("epsilon_together", None, value, bound["pairs"], note))
        for c in comparisons:
            if c.attack == found["attack"]:
                note = f"{c.blind}; Holm-adjusted p = {c.p:.2g}"
                numbers.append(_number("auc_minus_blind", None, vars(c), both, note))
        names = {"target": found["target"], "attack": found["attack"]}
        rows += [{**names, **number} for number in numbers]
    return rows


def _number(
    metric: str, limit: float | None, entry: Mapping[str, Any], n: int, note: str
) -> dict[str, Any]:
    values = {key: entry.get(key) for key in ("value", "low", "high", *LONG[-2:])}
    return {"metric": metric, "limit": limit, **values, "n": n, "note": note}


def csv(rows: Sequence[Mapping[str, Any]], columns: list[str]) -> str:
    """Return rows as CSV, six significant digits; a number that is n/a is an empty cell."""
    table = pd.DataFrame(rows, columns=columns)
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
