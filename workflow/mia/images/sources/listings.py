"""What each kind of source offers, as rows of a plan; what it lacks, as a clear error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mia.images.sources.shared import openmoji, openmoji_families
from mia.images.sources.shared.keys import has_own_rows


def specs(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the spec of every source part; that of the rows outside named parts is "".

    A part takes the set's keys and overrides them. A folder or a table without a `path` of its own,
    or a hub set without a `file`, has named parts only.

    >>> specs({"source": "urls", "caption": "text", "parts": {"member": {"path": "m.csv"}}})
    {'member': {'source': 'urls', 'caption': 'text', 'path': 'm.csv'}}
    """
    own = {key: value for key, value in spec.items() if key != "parts"}
    parts = {name: {**own, **part} for name, part in sorted((spec.get("parts") or {}).items())}
    return {**({"": own} if has_own_rows(own) else {}), **parts}


def builtin_rows(parts: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Return the rows of the built-in set.

    A picture whose collection is named by a part belongs to that part, any other to "".

    Raises:
        ValueError: Two parts name one collection, or a part names none.
    """
    owner = {}
    for name, part in parts.items():
        collection = part.get("collection")
        if name and not collection:
            raise ValueError(f"part {name!r} of a built-in set: expected the key 'collection'")
        if name and collection in owner:
            raise ValueError(
                f"parts {owner[collection]!r} and {name!r} both take {collection!r}; expected one"
            )
        if name:
            owner[collection] = name
    wanted = parts[""].get("collection")
    rows = []
    for code in openmoji.codes():
        collection = openmoji.collection(code)
        part = owner.get(collection, "")
        if part or wanted in (None, collection):
            rows.append((part, code))
    table = pd.DataFrame(rows, columns=["part", "code"])
    table["row"] = table.groupby("part").cumcount()
    table["url"] = table["code"].map(openmoji.locator)
    table["caption"] = table["code"].map(openmoji.caption)
    table["family"] = table["code"].map(openmoji_families.family)
    return plain(table)


def other_captions(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Return the captions in columns `alt_<name>` as JSON a row, name to text; "" without names."""
    columns = {name: table[f"alt_{name}"].fillna("").astype(str).tolist() for name in names}
    return [
        json.dumps({name: texts[i] for name, texts in columns.items()}) if names else ""
        for i in range(len(table))
    ]


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return planned rows with all their columns; nothing is wrong with them yet."""
    if "alternates" not in table:
        table = table.assign(alternates="")
    columns = ["part", "row", "url", "caption", "alternates", "family", "sha256", "status", "error"]
    return table.assign(sha256="", status="", error="")[columns].astype(
        {"url": "object", "status": "object", "error": "object"}
    )
