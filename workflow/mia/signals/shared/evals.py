"""What a signal says of a query: passes, images that are made, what else it reads."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Hashable
from types import ModuleType

from mia.query import Query
from mia.signals.shared.besides import KEPT, asks
from mia.signals.shared.contract import traits_of
from mia.told_captions import control_of, plain

BACKWARD = 2  # forward passes that one backward pass is as dear as


def signal(name: str) -> ModuleType:
    """Return the module of a signal."""
    return importlib.import_module(f"mia.signals.{name}")


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the single evaluations that answer `query`; those of each caption control apart."""
    found = signal(query.signal).predictions(plain(query))
    control = control_of(query)
    return found if control is None else frozenset((control, evaluation) for evaluation in found)


def backwards(query: Query) -> int:
    """Return the number of backward passes that answer `query`."""
    return traits_of(signal(query.signal)).backwards(query)


def list_numbers(query: Query, tensors: int) -> int:
    """Return how many numbers the lists of one row hold, of a model with so many tensors."""
    return traits_of(signal(query.signal)).list_numbers(query, tensors)


def generations(query: Query) -> int:
    """Return the number of images that the model makes for `query` alone."""
    return traits_of(signal(query.signal)).generations(query)


def keeping(query: Query) -> Query:
    """Return the query that keeps the image that the model makes for it, if it makes one."""
    return traits_of(signal(query.signal)).keeping(query)


def keeps(query: Query) -> bool:
    """Return whether `query` keeps an image that the model makes for it."""
    return asks(query, KEPT)


def compares_embeddings(query: Query) -> bool:
    """Return whether the answer to `query` depends on the image encoder of the config."""
    return traits_of(signal(query.signal)).compares_embeddings(query)


def embeddings(query: Query) -> frozenset[Hashable]:
    """Return the images that the config's encoder embeds to answer `query`, one identifier each.

    They are what the model made, and the image itself, once for all queries under a control.
    """
    return frozenset({query, control_of(query)}) if compares_embeddings(query) else frozenset()


def unanswered(queries: Collection[Query]) -> list[Query]:
    """Return queries without those that another of them answers along the way."""
    return [
        query
        for query in queries
        if not {*traits_of(signal(query.signal)).answered_by(query)} & {*queries}
    ]


def reads_words(query: Query) -> bool:
    """Return whether `query` changes the words of a caption or the states of its text."""
    return traits_of(signal(query.signal)).reads_words(query)
