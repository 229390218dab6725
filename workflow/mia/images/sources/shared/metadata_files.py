"""Metadata of a folder of images, as the `datasets` library's `imagefolder` has it.

A `metadata.csv`, `.jsonl` or `.parquet` in a folder names images in and below that folder, in the
column `file_name`; each folder below may have its own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pandas as pd

from mia.excerpt import excerpt
from mia.given.cells import Column
from mia.given.table import ENDINGS, GivenTable
from mia.images.sources.shared.columns_key import Columns, columns_of
from mia.images.sources.shared.contract import Spec
from mia.images.sources.shared.folder_captions import Captions, from_table

METADATA = tuple(f"metadata{ending}" for ending in ENDINGS)


def metadata_columns(table: GivenTable, part: Spec) -> Columns:
    """Return the columns that are read of metadata; a ValueError if one is missing."""
    read = columns_of(part, "file_name", "caption")
    table.require([Column(read.image), *read.texts])
    return read


def metadata_names(files: Collection[str]) -> list[str]:
    """Return which of a folder's files are metadata."""
    return [name for name in files if PurePosixPath(name).name in METADATA]


def read_metadata(path: str, names: Collection[str], part: Spec) -> Captions:
    """Return what the files of metadata `names` in a folder say; they name its rows.

    Raises:
        ValueError: A column is missing; a row names no file, a file outside the folder of its
            metadata, or one that another row names.
    """
    tables = []
    for name in names:
        table = GivenTable(Path(path, name))
        read = metadata_columns(table, part)
        rows = table.frame([Column(read.image), *read.texts]).fillna("")
        within = PurePosixPath(name).parent
        rows[read.image] = [
            _inside(within, file, f"{table.called}: row {row}")
            for row, file in rows[read.image].items()
        ]
        tables.append(rows.set_axis([f"{row} of {name}" for row in rows.index]))
    found = from_table(pd.concat(tables), None, path, path, read)
    return replace(found, source=f"{len(names)} files of metadata", files=names)


def _inside(folder: PurePosixPath, file: str, called: str) -> str:
    """Return a file's name seen from the set's folder."""
    name = PurePosixPath(file)
    if not file.strip() or name.is_absolute() or ".." in name.parts or "://" in file:
        raise ValueError(
            f"{called}: file_name is {excerpt(file)}; expected a file in the folder of the metadata"
        )
    return str(folder / name)
