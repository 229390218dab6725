"""Replay of a published manifest: addresses with the sha256 of what they once gave.

Only the published bytes are kept, so that a replay holds the same images or says which are not.
"""

from __future__ import annotations

import re

import pandas as pd

from mia.excerpt import excerpt
from mia.images.sources.shared.exclusion import EXCLUDED

SHA256 = re.compile(r"[0-9a-f]{64}")
EXPECTED = "a sha256, 64 hexadecimal digits"


def expecting(rows: pd.DataFrame, hashes: pd.Series, source: str) -> pd.DataFrame:
    """Fill the column `sha256` of planned rows.

    A row without a hash gets status `no_sha256`: it had no image then, or nobody can tell whether
    it has the same now.

    Args:
        rows: Planned rows.
        hashes: One per row, in the same order; the index counts the table's rows, for messages.
        source: The table's name.

    Raises:
        ValueError: Something else than a hash.
    """
    texts = hashes.fillna("").astype(str).str.strip().str.lower()
    for line, text in texts.items():
        if text and not SHA256.fullmatch(text):
            raise ValueError(
                f"{source}: row {line}: column {hashes.name!r} holds {excerpt(text)}; "
                f"expected {EXPECTED}"
            )
    rows = rows.assign(sha256=texts.tolist())
    without = rows["sha256"] == ""
    rows.loc[without, "status"] = "no_sha256"
    rows.loc[without, "error"] = f"column {hashes.name!r} of the table is empty"
    return rows


def unlike(expected: str | None, found: dict) -> dict:
    """Return what was found of an image, or that its bytes are not those published.

    Args:
        expected: The published sha256, or "".
        found: What `rows.describe` returned.
    """
    if not expected or found["status"] != "success" or found["image_id"] == expected:
        return found
    error = f"sha256 is {found['image_id']}; published as {expected}"
    return {"status": "changed", "error": error}


def counts(rows: pd.DataFrame) -> dict[str, int] | None:
    """Return how many rows were `published` with a hash, came `same`, `changed`, or are `gone`.

    None where no row was expected to have a hash. `gone` is every other failure, but for rows that
    were excluded on request, which count nowhere.
    """
    asked = (rows["sha256"].fillna("") != "") & (rows["status"] != EXCLUDED)
    statuses = rows.loc[asked, "status"]
    if not len(statuses):
        return None
    same, changed = (int((statuses == status).sum()) for status in ("success", "changed"))
    published = len(statuses)
    return {
        "published": published,
        "same": same,
        "changed": changed,
        "gone": published - same - changed,
    }
