"""What a finished run says in the terminal of targets before and after a change."""

from __future__ import annotations

import textwrap
from pathlib import Path

from mia.report.pages import before_after, details

MOST = 4  # lines per comparison
INDENT = "  "


def change_lines(path: Path, confidence: float, width: int) -> list[str]:
    """Return the lines about all comparisons: each one's name, and what its rows show together.

    Args:
        path: tables/compare.csv; without rows, or from an older run and not there, nothing is said.
        confidence: Of its intervals and bounds.
        width: Columns of the terminal; no line is longer.

    Raises:
        DamagedFile: The table is not as it was written.
    """
    if not path.is_file():
        return []
    table = details.read(path, before_after.WORDS, before_after.COLUMNS)
    lines: list[str] = []
    for one in before_after.changes(table, confidence):
        title = f"compare {one['name']}: from {one['before']} to {one['after']}"
        lines += ["", *textwrap.wrap(title, width, break_long_words=True)]
        lines += textwrap.wrap(
            one["brief"],
            width,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            max_lines=MOST,
            placeholder=" …",
        )
    return lines
