"""The long table: one row per number of one attack on one target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mia.evaluation import practice
from mia.evaluation.comparison import Comparison
from mia.evaluation.gain import LEAST, Gain
from mia.evaluation.headline import target_limit
from mia.evaluation.metrics_file import Metrics

LONG = [
    *("target", "attack", "metric", "limit", "value", "low", "high", "n", "note"),
    *("chance_low", "chance_high"),
]

PUBLISHED = "as papers print it: the largest TPR at floor(limit × nonmembers) false positives"


def metric_rows(
    metrics: Sequence[Metrics],
    comparisons: Sequence[Comparison],
    gains: Mapping[str, Gain],
    together: Mapping[str, float],
) -> list[dict[str, Any]]:
    """Return one row per number of one target, keys as in `LONG`.

    `auc_minus_blind` is paired with the blind baseline in its note (`Comparison`);
    `carried_fpr_each` has in its note on which images the threshold was tried. Where the sets
    differ it says nothing about the model: `above_blind` is `n/a` there. `epsilon_together` are the
    bounds of `together` (`epsilon.bounds_together`). `auc_control` is the AUC on the control model
    in its note, with its interval.
    """
    rows, first = [], target_limit(metrics)
    for found in metrics:
        members = found["n_member"]
        both = members + found["n_nonmember"]
        numbers = [_number("auc", None, found["auc"], both, found["auc"]["method"])]
        partial = found["partial_auc"]
        note = f"standardised: 0.5 without signal, 1 if perfect; {partial['method']}"
        numbers.append(_number("partial_auc", partial["limit"], partial, both, note))
        for entry in found["tpr"]:
            n = entry.get("n", members)
            numbers.append(_number("tpr_at_fpr", entry["limit"], entry, n, entry["note"]))
            if entry.get("published") is not None:
                value = {"value": entry["published"]}
                numbers.append(_number("published_tpr_at_fpr", entry["limit"], value, n, PUBLISHED))
        numbers += practice.predictive_values(found["tpr"], members, first)
        for entry in found["carried"] or ():
            alarm = "threshold_does_not_carry" if entry["alarm"] else ""
            note = entry["note"] or alarm
            for rate, n in (("fpr", entry["nonmembers"]), ("tpr", entry["members"])):
                numbers.append(
                    _number(f"carried_{rate}", entry["limit"], entry[rate] or {}, n, note)
                )
            numbers += [
                _number("carried_fpr_each", entry["limit"], one, entry["nonmembers"], one["on"])
                for one in entry["fpr_each"]
            ]
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
        if runs := found["between_runs"]:
            note = (
                f"standard deviation of the AUCs of {runs['runs']} trainings, same images; not part"
                " of the AUC's interval"
            )
            numbers.append(_number("auc_between_runs", None, {"value": runs["sd"]}, both, note))
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
        if gained := gains.get(found["attack"]):
            note = (
                f"AUC on the control {gained.control} {gained.auc_control:.3f}; one-sided p of a"
                f" gain above {LEAST:g}, Holm-adjusted: {gained.p:.2g}"
            )
            numbers.append(_number("auc_gain", None, vars(gained), both, note))
            for control, auc in gained.on.items():
                numbers.append(_number("auc_control", None, vars(auc), both, control))
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
