"""An index of known training images, as its owner's table has them: hashes and embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mia.excerpt import excerpt
from mia.targets.known_vectors import KnownVectors

DIGITS = {"phash": 16, "sha256": 64}


@dataclass(frozen=True)
class Index:
    """What a search looks through.

    Args:
        hashes: One row per training image, columns `phash` and `sha256`, as far as there are any.
        vectors: The embeddings, if there are any.
    """

    hashes: pd.DataFrame
    vectors: KnownVectors | None = None


def columns(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return which column holds each kind of hash, and the embeddings, that the spec names.

    >>> columns({"path": "known.parquet", "phash": "hash64", "embedding": "clip"})
    {'phash': 'hash64', 'embedding': 'clip'}
    """
    return {kind: spec[kind] for kind in (*DIGITS, "embedding") if kind in spec}


def hashes(table: pd.DataFrame, spec: Mapping[str, Any]) -> pd.DataFrame:
    """Return the hashes of a table: columns `phash` and `sha256`, as far as the spec names them.

    Args:
        table: One row per training image, hashes as hexadecimal digits in either case, null where
            unknown.
        spec: `path`, for messages; `phash` and `sha256`, the names of columns.

    Raises:
        ValueError: A hash has other digits, or a column holds none; the message names the file, the
            column and the row, counted from 0.
    """
    found = {}
    for kind, column in columns(spec).items():
        if kind not in DIGITS:
            continue
        texts = table[column]
        where = f"{spec['path']}, column {column!r}"
        known = texts.dropna()
        if not len(known):
            raise ValueError(f"{where}: no hash in {len(texts)} rows")
        good = known.map(lambda text: isinstance(text, str)) & known.astype(str).str.fullmatch(
            f"[0-9a-fA-F]{{{DIGITS[kind]}}}"
        )
        if not good.all():
            row = good.index[~good][0]
            expected = f"expected {DIGITS[kind]} hexadecimal digits"
            raise ValueError(f"{where}, row {row}: {excerpt(str(known[row]))}; {expected}")
        found[kind] = texts.str.lower()
    return pd.DataFrame(found)


def to_review(rows: pd.DataFrame) -> pd.Series:
    """Return which rows of a membership are near an index's embeddings, but not found in it."""
    return rows["index_cosine"].notna() & ~rows["in_index"]
