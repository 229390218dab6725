"""The rows of tars: their samples, or what img2dataset's Parquet beside each says of its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mia.images.locators import inner_locator
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.listing import locator_name, numbers_of
from mia.images.sources.shared.tar_file import samples
from mia.images.sources.shared.tar_texts import texts

FINE = ("", "")
NO_IMAGE = ("no_image", "the sample has no image")


class Rows(Protocol):
    """The rows of one tar."""

    keys: Sequence[str]

    def texts(self, at: Sequence[int], columns: Columns) -> Mapping[str, list]:
        """Return the texts of the rows at some positions, by column."""

    def places(self, at: Sequence[int]) -> list[tuple[str, tuple[str, str]]]:
        """Return, of rows at some positions, where the image is; status and error."""


class Samples:
    """The rows of a tar that nothing but its members describe."""

    def __init__(self, tar: str, columns: Columns) -> None:
        self._tar, self._image = tar, columns.image
        self._samples = list(samples(tar).values())
        self.keys = [sample.key for sample in self._samples]

    def texts(self, at: Sequence[int], columns: Columns) -> Mapping[str, list]:
        """As `Rows` says."""
        return texts(self._tar, [self._samples[n] for n in at], columns)

    def places(self, at: Sequence[int]) -> list[tuple[str, tuple[str, str]]]:
        """As `Rows` says."""
        found = [self._samples[n].image(self._tar, self._image) for n in at]
        return [(place_of(self._tar, at), FINE) if at else ("", NO_IMAGE) for at in found]


def place_of(tar: str, at: tuple[int, int]) -> str:
    """Return a place in a tar, as a plan has it."""
    return json.dumps([tar, *at])


@dataclass(frozen=True)
class TarRows:
    """A part of an image set whose images lie in tars.

    Args:
        part: Name of the source part.
        tars: The tars, sorted.
        columns: What is read of each sample.
        of: What opens a tar.
        about: As `Listing` says.
    """

    part: str
    tars: Sequence[str]
    columns: Columns
    of: Any = Samples
    about: Mapping[str, Any] = field(default_factory=dict)

    def digests(self) -> np.ndarray:
        """As `Listing` says.

        Raises:
            ValueError: There are no samples, or a tar cannot be read.
        """
        found, start = [], 0
        for tar in self.tars:
            rows = self.of(tar, self.columns)
            found.append(numbers_of(self._names(tar, rows, start)))
            start += len(rows.keys)
        if not start:
            raise ValueError(f"{', '.join(self.tars[:4])}: no sample; expected one image per key")
        return np.concatenate(found)

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """As `Listing` says."""
        found, start = [], 0
        for tar in self.tars:
            if start > taken[-1]:
                break
            rows = self.of(tar, self.columns)
            count = len(rows.keys)
            at = taken[slice(*np.searchsorted(taken, [start, start + count]))]
            if len(at):
                found.append(self._planned(tar, rows, (at - start).tolist(), at.tolist()))
            start += count
        return pd.concat(found, ignore_index=True)

    def _planned(self, tar: str, rows: Rows, at: list[int], numbers: list[int]) -> pd.DataFrame:
        places = rows.places(at)
        locators = [inner_locator(tar, rows.keys[n]) for n in at]
        table = self.columns.planned(
            self.part, numbers, locators, rows.texts(at, self.columns), [p for p, _ in places]
        )
        faults = [fault for _, fault in places]
        return table.assign(**pd.DataFrame(faults, columns=["status", "error"]))

    def _names(self, tar: str, rows: Rows, start: int) -> list[str]:
        if not self.columns.url:
            return [inner_locator(tar, key) for key in rows.keys]
        urls = self.columns.addresses(rows.texts(range(len(rows.keys)), self.columns))
        return [locator_name(self.part, start + n, url) for n, url in enumerate(urls)]


def table_beside(tar: str) -> Path:
    """Return where img2dataset writes its Parquet beside a tar."""
    return Path(tar).with_suffix(".parquet")
