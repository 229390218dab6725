"""The answer on a target: what the page takes from tables/answers.csv."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mia.evaluation.answer_rows import BETWEEN
from mia.evaluation.answers import ANSWERS, NOT_USED, USED, USED_UNLESS
from mia.report.pages.formats import percent, signed, whole

NUMBERS = (
    *("size", "n_nonmember", "auc", "auc_low", "auc_high", "auc_control"),
    *("headline_limit", "tpr", "tpr_low", "tpr_high"),
    *("auc_gain", "auc_gain_low", "auc_gain_high", "gain_bound", "smallest_gap", "smallest_gain"),
    "images_needed",
    *("share_used", "share_low", "share_high", "share_at_least"),
)
WORDS = ("target", "answer", "members_are", "attack", "reasons", "share_note", "passing", "gaining")
STYLES = {USED: "sure", USED_UNLESS: "open", NOT_USED: "sure"}


def answer_context(table: pd.DataFrame, target: str) -> dict[str, Any]:
    """Return the answer on a target as the page gives it.

    Args:
        table: tables/answers.csv: `WORDS` as text, `NUMBERS` as floats, NaN where a cell is empty.
        target: Its name.

    Returns:
        `answer`, `meaning` (of that answer), `style`, `reasons` (sentences), `claimed`, `facts` as
        (what, number, remark): the surest attack, its TPR at the headline limit, its gain, the
        share used and the images needed, those that are known.

    Raises:
        ValueError: The table has not one row of the target.
    """
    row = answer_row(table, target)
    return {
        "answer": row["answer"],
        "meaning": ANSWERS[row["answer"]],
        "style": STYLES.get(row["answer"], "none"),
        "claimed": row["members_are"] == "claimed",
        "reasons": row["reasons"].split(BETWEEN),
        "facts": [fact for fact in map(_known, _facts(row)) if fact],
    }


def answer_row(table: pd.DataFrame, target: str) -> pd.Series:
    """Return the row of a target.

    Raises:
        ValueError: The table has not one row of the target.
    """
    mine = table[table["target"] == target]
    if len(mine) != 1:
        raise ValueError(f"tables/answers.csv: {len(mine)} rows of {target}, expected one")
    return mine.iloc[0]


def _facts(row: pd.Series) -> list[tuple[str, float, str, str]]:
    """What, its number, that in words, and a remark."""
    ends = f"{row['auc_low']:.3f} to {row['auc_high']:.3f}"
    gain = f"{signed(row['auc_gain_low'])} to {signed(row['auc_gain_high'])}"
    control = f"; on the control the AUC is {row['auc_control']:.3f}"
    least = f"at least {percent(row['share_at_least'])}"
    found = f"{percent(row['tpr_low'])} to {percent(row['tpr_high'])}"
    share = f"{percent(row['share_low'])} to {percent(row['share_high'])}; {row['share_note']}"
    given = not math.isnan(row["share_used"])
    used = percent(row["share_used"]) if given else least
    return [
        ("Surest attack", row["auc"], f"{row['attack']}: AUC {row['auc']:.3f}", ends),
        (
            f"Members found at {percent(row['headline_limit'])} FPR",
            row["tpr"],
            percent(row["tpr"]),
            f"{found}, by that attack",
        ),
        ("Gain over the control", row["auc_gain"], signed(row["auc_gain"]), gain + control),
        (
            "Share used",
            row["share_used"] if given else row["share_at_least"],
            used,
            share if given else row["share_note"],
        ),
        (
            "Images that would do",
            row["images_needed"],
            whole(row["images_needed"]),
            f"pass four times in five by that attack alone; here are {whole(row['size'])}",
        ),
    ]


def _known(fact: tuple[str, float, str, str]) -> tuple[str, str, str] | None:
    what, number, words, remark = fact
    return None if math.isnan(number) else (what, words, remark)
