"""What each kind of source offers, as rows of a plan; what it lacks, as a clear error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from mia.excerpt import excerpt
from mia.images import openmoji, openmoji_kin
from mia.images.source_keys import has_own_rows

SUFFIXES = frozenset([".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"])


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
    table["family"] = table["code"].map(openmoji_kin.family)
    return plain(table)


def folder_rows(
    part: str,
    path: str,
    files: Iterable[str],
    captions: pd.DataFrame | None,
    source: str = "",
    alternates: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the rows of a folder of pictures.

    Args:
        part: Name of the source part.
        path: The folder as the config gives it; with a file's name it is the picture's locator.
        files: Names of all files in it, relative, with `/`.
        captions: Columns `file` and `caption`, index = line in the CSV; None where the set has no
            captions.
        source: Name of the captions file, for messages.
        alternates: Names of other captions, each in a column `alt_<name>` of `captions`.

    Raises:
        ValueError: An empty folder; a captions row whose picture is missing; a picture without a
            captions row, or with two.
    """
    files = sorted(files)
    listed = [] if captions is None else captions["file"].tolist()
    known = [file for file in files if PurePosixPath(file).suffix.lower() in SUFFIXES]
    pictures = sorted({*known, *set(files).intersection(listed)})
    if not pictures:
        kinds = " ".join(sorted(SUFFIXES))
        raise ValueError(f"{path}: no picture in this folder; expected files ending in {kinds}")
    text = dict.fromkeys(pictures, "")
    if captions is not None:
        text = _captions_by_file(captions, set(pictures), path, source)
        without = [picture for picture in pictures if picture not in text]
        if without:
            raise ValueError(
                f"{source}: no row for {len(without)} of {len(pictures)} pictures in {path}, "
                f"first {without[0]!r}; expected one row per picture"
            )
    table = pd.DataFrame({"row": range(len(pictures)), "url": pictures})
    table["caption"] = table["url"].map(text)
    if alternates and captions is not None:
        others = dict(zip(captions["file"], other_captions(captions, alternates), strict=True))
        table["alternates"] = table["url"].map(others)
    table["url"] = [str(PurePosixPath(path) / picture) for picture in pictures]
    return plain(table.assign(part=part, family=None))


def _captions_by_file(
    captions: pd.DataFrame, pictures: set[str], path: str, source: str
) -> dict[str, str]:
    text, line_of = {}, {}
    for line, file, caption in captions[["file", "caption"]].itertuples():
        if file not in pictures:
            raise ValueError(f"{source}: row {line}: no picture {excerpt(file)} in {path}")
        if file in line_of:
            raise ValueError(
                f"{source}: rows {line_of[file]} and {line} both caption {excerpt(file)}"
            )
        text[file], line_of[file] = caption, line
    return text


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
