"""What every source offers: a digest for each of its rows, then in full the rows that are taken.

Keys and limits need nothing but digests, eight bytes a row; so the rest of a long table is read for
the rows that a limit leaves, and for no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

AT_ONCE = 2**20


class Listing(Protocol):
    """The rows of one part of a source, in their order."""

    @property
    def about(self) -> Mapping[str, Any]:
        """What else the report says of the part: of a folder, its captions and other files."""

    def digests(self) -> np.ndarray:
        """Return the number of each row's locator, uint64 `(rows,)`, as `numbers_of` makes it."""

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """Return the planned rows at positions `taken`, which rise."""


@dataclass(frozen=True)
class Listed:
    """Rows that are in memory already.

    Args:
        table: Planned rows of one part; `row` counts them from 0.
        about: As `Listing` says.
    """

    table: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)

    def digests(self) -> np.ndarray:
        """As `Listing` says."""
        return numbers_of(
            map(locator_name, self.table["part"], self.table["row"], self.table["url"])
        )

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """As `Listing` says."""
        return self.table.iloc[taken]


def locator_name(part: str, row: int, locator: str | None) -> str:
    """Return what a row is called by: its locator, or `row:{part}:{row}` where it has none."""
    return locator if isinstance(locator, str) and locator else f"row:{part}:{row}"


def numbers_of(names: Iterable[str]) -> np.ndarray:
    """Return for each name the first 64 bits of its sha256: what `plan.digest` has in hexadecimal.

    >>> [f"{number:016x}" for number in numbers_of(["http://a/b"])]
    ['1972c518da8e66a8']
    """
    hashes = b"".join(
        hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8] for name in names
    )
    return np.frombuffer(hashes, ">u8").astype(np.uint64)


def taken(
    digests: Mapping[str, np.ndarray], limits: Mapping[str, int]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return which rows of each part are planned: the `limits[part]` of the smallest digests.

    Args:
        digests: By part, uint64 `(rows,)`.
        limits: By part; a part without one is taken whole. Of rows of one digest the first count.

    Returns:
        By part, two int64 arrays: the positions taken, rising, and how many rows before each have
        its digest, in the order of (part, position), whether they are taken or not.
    """
    chosen = {
        part: _smallest(digests[part], limits.get(part, len(digests[part])))
        for part in sorted(digests)
    }
    wanted = np.unique(np.concatenate([digests[part][rows] for part, rows in chosen.items()]))
    seen = np.zeros(len(wanted), np.int64)
    found = {}
    for part, rows in chosen.items():
        is_taken = np.zeros(len(digests[part]), bool)
        is_taken[rows] = True
        repeats = []
        for start in range(0, len(digests[part]), AT_ONCE):
            block = digests[part][start : start + AT_ONCE]
            places = np.minimum(np.searchsorted(wanted, block), len(wanted) - 1)
            hits = np.flatnonzero(wanted[places] == block)
            places = places[hits]
            earlier = seen[places] + pd.Series(places).groupby(places).cumcount().to_numpy()
            seen += np.bincount(places, minlength=len(seen))
            repeats.append(earlier[is_taken[hits + start]])
        found[part] = rows, np.concatenate(repeats or [np.zeros(0, np.int64)])
    return found


def _smallest(digests: np.ndarray, limit: int) -> np.ndarray:
    """Positions of the `limit` smallest digests, rising; of equal ones the first."""
    if limit >= len(digests):
        return np.arange(len(digests))
    highest = np.partition(digests, limit - 1)[limit - 1]
    below, equal = np.flatnonzero(digests < highest), np.flatnonzero(digests == highest)
    return np.sort(np.concatenate([below, equal[: limit - len(below)]]))
