"""What a finished run says in the terminal: a few lines per target, none too wide."""

from __future__ import annotations

import textwrap

import pandas as pd

from mia.evaluation.answer_rows import BETWEEN
from mia.evaluation.headline import allowances

MOST = 10  # lines per target
LEAST = 40  # columns, however narrow the terminal
INDENT = "  "


def summary(answers: pd.DataFrame, sentences: dict[str, str], width: int) -> list[str]:
    """Return the lines about all targets, the answer first.

    Args:
        answers: tables/answers.csv, every cell as text.
        sentences: Target to the sentence of its verdict; those without one get the verdict alone.
        width: Columns of the terminal; no line is longer, if it has `LEAST`.
    """
    lines: list[str] = []
    for row in answers.to_dict("records"):
        told = sentences.get(row["target"], row["verdict"])
        lines += ["", *of_target(row, told, max(width, LEAST))]
    return lines


def of_target(row: dict[str, str], sentence: str, width: int) -> list[str]:
    """Return at most `MOST` lines: answer, why, the surest row, its TPR, its gain, the verdict."""
    facts = [("answer", row["answer"]), ("why", row["reasons"].split(BETWEEN)[-1])]
    facts += [("best row", _best(row)), ("TPR", _tpr(row)), ("gain", _gain(row))]
    facts.append(("verdict", sentence))
    lines = textwrap.wrap(row["target"], width, break_long_words=True)
    room = {"answer": 2, "why": 2, "best row": 1, "TPR": 1, "gain": 1, "verdict": 2}
    for what, words in facts:
        lead = f"{INDENT}{what:<9}"
        wrapped = textwrap.wrap(
            words,
            width,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            max_lines=room[what],
            placeholder=" …",
        )
        lines += wrapped
    return lines[:MOST]


def _best(row: dict[str, str]) -> str:
    if not row["attack"]:
        return "none: no attack reads the model"
    auc, low, high = (float(row[name]) for name in ("auc", "auc_low", "auc_high"))
    return f"{row['attack']}, AUC {auc:.2f} [{low:.2f}–{high:.2f}]"


def _tpr(row: dict[str, str]) -> str:
    """Say which share of members is found at the headline limit, and what that limit allows."""
    if not row["attack"]:
        return "n/a"
    found = f"{100 * float(row['tpr']):.0f} %" if row["tpr"] else "n/a"
    return f"{found}: {allowances(int(row['n_nonmember']), float(row['headline_limit']))}"


def _gain(row: dict[str, str]) -> str:
    if not row["auc_gain"]:
        return "no control model"
    names = ("auc_gain", "auc_gain_low", "auc_gain_high")
    gain, low, high = (float(row[name]) for name in names)
    return f"{gain:+.2f} [{low:+.2f} to {high:+.2f}] over the control"
