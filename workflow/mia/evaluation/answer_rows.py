"""The table of answers: one row a target, what a reader asks for first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mia.access import reads_model
from mia.evaluation.answers import EXCHANGEABLE, answer
from mia.evaluation.gain import Gain
from mia.evaluation.headline import target_limit
from mia.evaluation.set_evidence import Evidence
from mia.evaluation.set_test import LEVEL
from mia.evaluation.summary import TPR_COLUMNS

BETWEEN = " | "  # reasons, and names of attacks, in a cell
SHARE = ("share_used", "share_low", "share_high", "share_at_least", "share_note")
COLUMNS = [
    *("target", "verdict", "answer", "members_are", "size", "n_nonmember", "attack"),
    *("auc", "auc_low", "auc_high", "headline_limit", "tpr", "tpr_low", "tpr_high"),
    *("auc_control", "auc_gain", "auc_gain_low", "auc_gain_high"),
    *("gain_bound", "passing", "beyond_blind", "gaining"),
    *("smallest_gap", "smallest_gain", "images_needed"),
    *SHARE,
    "reasons",
]


def answer_row(
    summary: Sequence[Mapping[str, Any]],
    tested: Sequence[Mapping[str, Any]],
    gains: Mapping[str, Gain],
    audit: Mapping[str, Any],
    neither: bool,
    claimed: bool,
) -> dict[str, Any]:
    """Return the answer of one target, keys as in `COLUMNS` but for `SHARE`.

    `attack` is the surest row that reads the model: the smallest adjusted p, then the largest AUC.
    Where there is a control, it is one that was tried on it. `tpr` is its TPR at `headline_limit`.

    Args:
        summary: Its rows of the wide table (`summary.summary_rows`).
        tested: Its rows of the set test (`set_test.set_test_rows`).
        gains: Attack to gain over control models; empty without any.
        audit: Its audit: `verdict`, `margin`, `channels`.
        neither: Whether its model is known to have been trained on neither side.
        claimed: Whether its members are only claimed to have been trained on.
    """
    whole = {row["attack"]: row for row in tested if row.get("p_family") is not None}
    rows = {row["attack"]: row for row in summary if reads_model(row["access"])}
    evidence = _evidence(rows, whole, gains, audit, neither, claimed)
    told = answer(evidence)
    about = {
        "target": audit["target"],
        "verdict": audit["verdict"],
        "answer": told.answer,
        "members_are": "claimed" if claimed else "known",
        "gain_bound": evidence.bound if gains else None,
        "reasons": BETWEEN.join(told.reasons),
    }
    for column, names in (
        ("passing", evidence.passing),
        ("beyond_blind", evidence.beyond),
        ("gaining", evidence.gaining),
    ):
        about[column] = BETWEEN.join(names or ())
    if not whole:
        return about
    tried = [name for name in whole if name in gains] or list(whole)
    best = min(tried, key=lambda name: (whole[name]["p_family"], -rows[name]["auc"]))
    shown = ("auc", "auc_low", "auc_high", "auc_control", "auc_gain", "auc_gain_low")
    numbers = {name: rows[best].get(name) for name in (*shown, "auc_gain_high", "n_nonmember")}
    numbers |= {name: whole[best].get(name) for name in ("size", "images_needed")}
    numbers |= {name: getattr(evidence, name) for name in ("smallest_gap", "smallest_gain")}
    limit = target_limit(summary)
    rate = {f"tpr{end}": rows[best].get(TPR_COLUMNS[limit] + end) for end in ("", "_low", "_high")}
    return {**about, "attack": best, **numbers, "headline_limit": limit, **rate}


def _evidence(
    rows: Mapping[str, Mapping[str, Any]],
    whole: Mapping[str, Mapping[str, Any]],
    gains: Mapping[str, Gain],
    audit: Mapping[str, Any],
    neither: bool,
    claimed: bool,
) -> Evidence:
    asked = audit["verdict"] != EXCHANGEABLE  # there it would only double the chance of an error
    baselines = asked and any(row.get("p_excess") is not None for row in whole.values())
    passing, gaining = _named(whole, "p_family"), [name for name, one in gains.items() if one.found]
    gaps = [row["smallest_gap"] for row in whole.values() if row.get("smallest_gap") is not None]
    return Evidence(
        verdict=audit["verdict"],
        reading=len(whole),
        tried=len(gains),
        passing=passing,
        beyond=_beyond(rows, whole, passing, audit) if baselines else None,
        over_twin=_over_twin(rows),
        gaining=gaining if gains else None,
        gain=max(gain.most for gain in gains.values()) if gains else None,
        bound=audit["margin"],
        lower=[
            name
            for name, row in rows.items()
            if row["above_chance"] == "no" and name not in (*passing, *gaining)
        ],
        neither=neither,
        claimed=claimed,
        images=max((row["size"] for row in whole.values()), default=0),
        smallest_gap=max(gaps, default=None),
        smallest_gain=max((gain.smallest for gain in gains.values()), default=None),
    )


def _over_twin(rows: Mapping[str, Mapping[str, Any]]) -> list[str] | None:
    """Return the attacks that do better than their blind twins; None where none has one."""
    p = {name: row["p_twin"] for name, row in rows.items() if row.get("p_twin") is not None}
    return [name for name in p if p[name] <= LEVEL] if p else None


def _beyond(
    rows: Mapping[str, Mapping[str, Any]],
    whole: Mapping[str, Mapping[str, Any]],
    passing: Sequence[str],
    audit: Mapping[str, Any],
) -> list[str]:
    """Return attacks that pass, do so beyond what baselines foresee, and lie clearly above them.

    A baseline that learnt from few images foresees too little. So the whole interval of an attack's
    AUC must also lie beyond the bound that the blind AUCs keep.
    """
    bound = 0.5 + (audit["reach"]["within"] if audit.get("reach") else 0.0)
    sure = [name for name in _named(whole, "p_excess") if name in passing]
    return [name for name in sure if rows[name]["auc_low"] > bound]


def _named(whole: Mapping[str, Mapping[str, Any]], p: str) -> list[str]:
    """Return attacks whose p is at most the level, the surest first."""
    passing = [
        (row[p], name) for name, row in whole.items() if row.get(p) is not None and row[p] <= LEVEL
    ]
    return [name for _, name in sorted(passing)]
