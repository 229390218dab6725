"""What a signal is, and what it may say besides.

A signal is a module of `mia.signals` that satisfies the Protocol `Signal`. What it may define
besides has the names and the defaults of `Traits`. No signal imports this module: an edit
of code that a signal imports makes the ledger measure again, and an edit here must not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor


@runtime_checkable
class Signal(Protocol):
    """A module of `mia.signals`. Importing it never imports torch."""

    @property
    def MEASURES(self) -> tuple[str, ...]:
        """The columns of a row. The module's docstring says what each is, per latent element.

        A small difference of large numbers is stored, not derived from them. Columns that hold a
        list of numbers are not among them, but in `Traits.lists`.
        """

    def predictions(self, query: Query) -> frozenset[Hashable]:
        """Return the U-Net evaluations that answer `query`, one identifier each.

        Costs are counted from them: two queries that share an evaluation give it one identifier.
        """

    def measure(self, batch: Any, rows: Any) -> Tensor | Mapping[str, Tensor]:
        """Return the measures of `rows`: `(rows, len(MEASURES))`, float64, NaN where not asked for.

        A signal with `LISTS` returns its columns by name instead: `(rows,)` float64 for each of
        `MEASURES`, and `(rows, length)` for each of `LISTS`. A list that was not
        asked for is left out: its rows are null.

        A row depends on no other row, and noise comes from `batch.noise` or `batch.draws` alone.
        What several signals need is kept by `batch.estimate`, `batch.clean` and `batch.once`, so
        that the evals done equal those that `predictions` promise.

        Args:
            batch: Images and the model, `mia.measuring.batch.Batch`.
            rows: (image, query) pairs that differ in timestep and draw alone,
                `mia.measuring.slices.Rows`.
        """


def _no_other(query: Query) -> tuple[Query, ...]:
    return ()


def _as_they_are(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    return rows


def _itself(query: Query) -> Query:
    return query


def _none(query: Query) -> int:
    return 0


def _no_text(batch: Any, queries: Sequence[Query]) -> list[str]:
    return []


def _never(query: Query) -> bool:
    return False


def _no_numbers(query: Query, tensors: int) -> int:
    return 0


@dataclass(frozen=True)
class Traits:
    """What a module of `mia.signals` may define besides; one that does not has the defaults.

    Args:
        needs_pixels: `NEEDS_PIXELS`: the signal looks at the image itself, by `batch.pixels`,
            `batch.encode` or `batch.decode`. Others see its latent alone.
        answered_by: Query to the other queries whose rows hold the measures of its own rows.
        keeping: Query to the one that keeps the image that the model makes for it, in a list column
            `output`; to itself where it makes none.
        narrow: Rows of such a query, and the query asked, to the rows that it would have had if
            measured itself. Index and columns stay; what was not asked for is NaN.
        backwards: Query to the number of backward passes that answer it, 0 or more.
        generations: Query to the number of images that the model makes for it alone, 0 or more.
        embeds: Batch and queries of the signal to the texts that `measure` embeds for them, besides
            the images' captions and the alternate ones that queries name in `condition`.
        compares_embeddings: Query to whether its answer depends on the image encoder that
            `audit.embedding` names. The encoder then counts among the answer's inputs.
        reads_words: Query to whether it changes the words of a caption or the states of its text:
            no model that is told a class, or nothing, can answer it.
        lists: `LISTS`: columns whose value is a list of numbers, of one length for all rows of a
            query. The ledger and the query files hold it as a list column of float32, float64 or
            uint8, an attack reads it by `mia.attacks.shared.lists.stacked`.
        list_numbers: Query, and the number of the denoiser's parameter tensors, to how many numbers
            the lists of one row hold together. Disk is foreseen from it.
    """

    needs_pixels: bool = False
    answered_by: Callable[[Query], tuple[Query, ...]] = _no_other
    narrow: Callable[[pd.DataFrame, Query], pd.DataFrame] = _as_they_are
    keeping: Callable[[Query], Query] = _itself
    backwards: Callable[[Query], int] = _none
    generations: Callable[[Query], int] = _none
    embeds: Callable[[Any, Sequence[Query]], list[str]] = _no_text
    compares_embeddings: Callable[[Query], bool] = _never
    reads_words: Callable[[Query], bool] = _never
    lists: tuple[str, ...] = ()
    list_numbers: Callable[[Query, int], int] = _no_numbers


def traits_of(signal: ModuleType) -> Traits:
    """Return the traits of a signal, the defaults for what it does not define."""
    return Traits(
        needs_pixels=getattr(signal, "NEEDS_PIXELS", False),
        answered_by=getattr(signal, "answered_by", _no_other),
        narrow=getattr(signal, "narrow", _as_they_are),
        keeping=getattr(signal, "keeping", _itself),
        backwards=getattr(signal, "backwards", _none),
        generations=getattr(signal, "generations", _none),
        embeds=getattr(signal, "embeds", _no_text),
        compares_embeddings=getattr(signal, "compares_embeddings", _never),
        reads_words=getattr(signal, "reads_words", _never),
        lists=getattr(signal, "LISTS", ()),
        list_numbers=getattr(signal, "list_numbers", _no_numbers),
    )


def columns_of(signal: ModuleType) -> tuple[str, ...]:
    """Return the names of all columns that a signal measures: numbers, then lists of numbers."""
    return (*signal.MEASURES, *traits_of(signal).lists)
