"""What a run will cost before it starts: queries wanted, held and missing, evals, time, disk."""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mia.evaluation.costs import evaluations
from mia.query import Query

BYTES_PER_NUMBER = 9  # of a measured number, in ledger, shard and query file together


@dataclass(frozen=True)
class SignalCost:
    """One signal on one (model, image set).

    Args:
        wanted: (image, query) pairs wanted.
        held: Of these, how many the ledger answers.
        evals: U-Net evaluations that the missing ones need, shared with the signals before it.
        rows: Rows to be written.
        numbers: Numbers in them.
    """

    signal: str
    queries: int
    wanted: int
    held: int
    evals: int
    numbers: int


def predictions(query: Query) -> frozenset[Hashable]:
    """The single evaluations that answer `query`."""
    return importlib.import_module(f"mia.signals.{query.signal}").predictions(query)


def pair_costs(
    wanted: Sequence[Query], missing: Mapping[Query, int], images: int
) -> list[SignalCost]:
    """Return the cost of each signal on one (model, image set).

    Args:
        wanted: Queries of the pair.
        missing: How many images lack each query; absent where none does.
        images: Images of the pair.
    """
    seen: set[Hashable] = set()
    found = []
    for signal in sorted({query.signal for query in wanted}):
        module = importlib.import_module(f"mia.signals.{signal}")
        queries = [query for query in wanted if query.signal == signal]
        lacking = {query: missing.get(query, 0) for query in queries}
        evals = 0
        for query in sorted(lacking, key=lacking.get, reverse=True):
            new = predictions(query) - seen if lacking[query] else frozenset()
            evals += len(new) * lacking[query]
            seen |= new
        pairs = len(queries) * images
        numbers = sum(lacking.values()) * len(module.MEASURES)
        found.append(
            SignalCost(signal, len(queries), pairs, pairs - sum(lacking.values()), evals, numbers)
        )
    return found


def evals_alone(attacks: Iterable) -> int:
    """Evals per image of each attack run for itself, added up."""
    return sum(len(evaluations(attack, predictions)) for attack in attacks)


def evals_together(attacks: Iterable) -> int:
    """Evals per image of all attacks from one shared table."""
    together = [evaluations(attack, predictions) for attack in attacks]
    return len(frozenset().union(*together))
