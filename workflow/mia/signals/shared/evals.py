"""What a signal says of a query: passes, images that are made, what else it reads."""

from __future__ import annotations

import importlib
from collections.abc import Hashable
from types import ModuleType

from mia.query import Query
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


def compares_embeddings(query: Query) -> bool:
    """Return whether the answer to `query` depends on the image encoder of the config."""
    return traits_of(signal(query.signal)).compares_embeddings(query)


def reads_words(query: Query) -> bool:
    """Return whether `query` changes the words of a caption or the states of its text."""
    return traits_of(signal(query.signal)).reads_words(query)
