"""The wide table: one row per attack on a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.cost import Cost
from mia.evaluation.blind_twin import COLUMNS as TWIN
from mia.evaluation.comparison import UNDECIDED, speaks_of_model
from mia.evaluation.flags import duplicates_across_sets, shift
from mia.evaluation.gain import Gain
from mia.evaluation.metrics_file import Metrics
from mia.stats.metrics import FPR_LIMITS

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
GAIN = ("auc_gain", "auc_gain_low", "auc_gain_high", "p_gain")
WIDE = [
    *("target", "attack", "access", "n_member", "n_nonmember"),
    *(name + end for name in ("auc", *TPR_COLUMNS.values()) for end in ENDS),
    *("above_chance", "auc_control", *GAIN, "gain", *TWIN, "blind_auc", "above_blind", "verdict"),
    "answer",
    *("evals_alone", "evals_shared", "backwards", "generations", "flags"),
]


def summary_rows(
    metrics: Sequence[Metrics],
    audit: Mapping[str, Any],
    above: Mapping[str, str],
    above_chance: Mapping[str, str],
    gains: Mapping[str, Gain],
    twins: Mapping[str, Mapping[str, Any]],
    costs: Mapping[str, Cost],
) -> list[dict[str, Any]]:
    """Return one row per attack of one target, keys as in `WIDE` but for `answer`.

    Args:
        metrics: The attacks' metrics, as `evaluate` writes them.
        audit: The target's audit; where its verdict is `NOT FAIR`, `above_blind` is `n/a`.
        above: Attack to the answer of `above_blind`.
        above_chance: Attack to `yes`, `no` or `undecided`, of those that read the model.
        gains: Attack to what it gains over control models, of those that were tried on any.
        twins: Attack to the cells of its blind twin (`blind_twin.twin_cells`), of those with one.
        costs: Attack name to cost.
    """
    blind = [found["auc"]["value"] for found in metrics if found["blind"]]
    farthest = max(blind, key=lambda auc: abs(auc - 0.5), default=None)
    verdict, of_target = audit["verdict"], target_flags(audit)
    rows = []
    for found in metrics:
        attack = found["attack"]
        answer, gained = above.get(attack, "n/a"), gains.get(attack)
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
                **_gain(gained),
                **twins.get(attack, dict.fromkeys(TWIN)),
                "blind_auc": farthest,
                "above_blind": "n/a" if unfair else speaks_of_model(answer, verdict, gained),
                "verdict": verdict,
                "evals_alone": costs[attack].evals_alone,
                "evals_shared": costs[attack].evals_shared,
                "backwards": costs[attack].backwards,
                "generations": costs[attack].generations,
                "flags": " ".join(sorted([*found["flags"], *of_target, *_of_model(found, audit)])),
            }
        )
    return rows


def _gain(gained: Gain | None) -> dict[str, Any]:
    """Return the cells of what an attack gains over control models; empty without any."""
    if gained is None:
        return {"auc_control": None, **dict.fromkeys(GAIN), "gain": "n/a"}
    numbers = zip(GAIN, (gained.value, gained.low, gained.high, gained.p), strict=True)
    return {
        "auc_control": gained.auc_control,
        **dict(numbers),
        "gain": "yes" if gained.found else UNDECIDED,
    }


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


def csv(rows: Sequence[Mapping[str, Any]], columns: list[str]) -> str:
    """Return rows as CSV, six significant digits; a number that is n/a is an empty cell."""
    table = pd.DataFrame(rows, columns=columns)
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
