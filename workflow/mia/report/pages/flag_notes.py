"""Flags beside a number, and the page that says what to do about each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mia.evaluation.flags import MEANINGS
from mia.report.pages.markdown import sections


def flag_notes(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Say what the flags of `rows` mean; those on every row are told once, not on each.

    Returns:
        `everywhere`: (flag, meaning) raised on all rows; `some`: raised on some.
    """
    raised = sorted({flag for row in rows for flag in row["flags"]})
    told = {flag: all(flag in row["flags"] for row in rows) for flag in raised}
    meaning = {flag: MEANINGS.get(flag, "see docs/flags.md") for flag in raised}
    return {
        "everywhere": [(flag, meaning[flag]) for flag in raised if told[flag]],
        "some": [(flag, meaning[flag]) for flag in raised if not told[flag]],
    }


def explained(page: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every check of docs/flags.md, those raised on `rows` first.

    Args:
        page: docs/flags.md.
        rows: `attack_rows` of all targets.

    Returns:
        `flag`, its one line `meaning`, `text` as HTML, `raised`: on how many rows.

    Raises:
        ValueError: A row has a flag that the page does not explain.
    """
    raised = Counter(flag for row in rows for flag in row["flags"])
    texts = sections(page)
    if unknown := sorted(raised.keys() - texts.keys()):
        raise ValueError(f"docs/flags.md: no section {unknown[0]!r}; expected one for every flag")
    found = [
        {"flag": flag, "meaning": MEANINGS.get(flag, ""), "text": text, "raised": raised[flag]}
        for flag, text in texts.items()
    ]
    return sorted(found, key=lambda check: not check["raised"])
