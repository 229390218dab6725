"""Rows of a plan, with all their columns."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd


def other_captions(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the captions in columns `alt_<name>` as JSON a row, name to text; "" without names."""
    columns = {name: table[f"alt_{name}"].fillna("").astype(str).tolist() for name in names}
    return [
        json.dumps({name: texts[i] for name, texts in columns.items()}) if names else ""
        for i in range(len(table))
    ]


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return planned rows with all their columns; nothing is wrong with them yet."""
    for column in {"alternates", "place"} - {*table}:
        table = table.assign(**{column: ""})
    columns = [
        *("part", "row", "url", "place", "caption", "alternates", "family"),
        *("sha256", "status", "error"),
    ]
    return table.assign(sha256="", status="", error="")[columns].astype(
        {"url": "object", "status": "object", "error": "object"}
    )
