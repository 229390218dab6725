"""Caption controls: queries that tell a model other captions than the images' own.

A control is one more field of a query, `captions`. A query without the field tells each image's
own caption. The signals never see the field (`plain`): they are measured as ever, on images whose
captions were replaced. So the ledger keeps an answer by the caption that was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mia.query import Query

FIELD = "captions"
OWN, FIXED, SHUFFLED, SWAPPED = "own", "fixed", "shuffled", "swapped"
CONTROLS = (FIXED, SHUFFLED, SWAPPED)
NEUTRAL = "an image"  # what `fixed` tells of every image, unless it is followed by a text


def reads_own_caption(query: Query) -> bool:
    """Return whether a query tells the image's own caption: no other one, and not none."""
    return query.condition in ("caption", "both")


def under(query: Query, control: str) -> Query:
    """Return the query under a control; one that tells no own caption stays as it is.

    Args:
        query: Without a control.
        control: `fixed:<text>`, `shuffled:<target>` or `swapped:<target>`.

    >>> under(Query("denoise", 100), "fixed:an image").further
    (('captions', 'fixed:an image'),)
    >>> under(Query("denoise", 100, condition="null"), "fixed:an image").further
    ()
    """
    if not reads_own_caption(query):
        return query
    return replace(query, further=tuple(sorted((*query.further, (FIELD, control)))))


def control_of(query: Query) -> str | None:
    """Return the control of a query, None where it tells the own caption or none."""
    return dict(query.further).get(FIELD)


def plain(query: Query) -> Query:
    """Return the query without its control."""
    further = tuple(pair for pair in query.further if pair[0] != FIELD)
    return query if further == query.further else replace(query, further=further)


def by_control(queries: Iterable[Query]) -> dict[str | None, tuple[Query, ...]]:
    """Return queries by their control, those without one first."""
    found: dict[str | None, list[Query]] = {}
    for query in sorted(queries, key=lambda query: (control_of(query) or "", query)):
        found.setdefault(control_of(query), []).append(query)
    return {control: tuple(some) for control, some in found.items()}


def exchange_of(query: Query) -> str | None:
    """Return the control of a query if it exchanges captions, else None."""
    control = control_of(query)
    return control if control and target_of(control) else None


def target_of(control: str) -> str | None:
    """Return the target whose captions a control exchanges; None for a fixed caption."""
    kind, _, rest = control.partition(":")
    return None if kind == FIXED else rest
