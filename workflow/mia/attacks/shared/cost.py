"""What an attack costs: U-Net evaluations per image, alone and when attacks share them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from mia.attacks.shared.contract import Entry, traits_of
from mia.query import Query


@dataclass(frozen=True)
class Cost:
    """Passes through the models per image.

    Args:
        evals_alone: U-Net evaluations if this were the only attack.
        evals_shared: Its share of what all attacks of the target need together: an evaluation that
            three attacks use counts a third for each, so that shares add up to the union.
        backwards: Backward passes.
        generations: Images that the models make.
    """

    evals_alone: int
    evals_shared: float
    backwards: int
    generations: int = 0


def costs(
    attacks: Mapping[str, Entry],
    predictions: Callable[[Query], frozenset[Hashable]],
    backwards: Callable[[Query], int] = lambda query: 0,
    generations: Callable[[Query], int] = lambda query: 0,
    references: int = 1,
) -> dict[str, Cost]:
    """Return the cost of each attack of one target.

    Args:
        attacks: Name to attack; one that reads a reference asks the reference model the same.
        predictions: Query to identifiers of the single evaluations that answer it.
        backwards: Query to the backward passes that answer it.
        generations: Query to the images that are made for it alone.
        references: How many models an attack asks the same that learns from references.
    """
    needed = {
        name: evaluations(attack, predictions, references) for name, attack in attacks.items()
    }
    users = Counter(evaluation for mine in needed.values() for evaluation in mine)
    return {
        name: Cost(
            evals_alone=len(mine),
            evals_shared=sum(1 / users[evaluation] for evaluation in mine),
            backwards=_summed(backwards, attacks[name], references),
            generations=_summed(generations, attacks[name], references),
        )
        for name, mine in needed.items()
    }


def evaluations(
    attack: Entry, predictions: Callable[[Query], frozenset[Hashable]], references: int = 1
) -> frozenset[tuple[str, Hashable]]:
    """Return (model, identifier) of every evaluation an attack needs, of any model.

    Args:
        attack: The attack.
        predictions, references: As for `costs`.
    """
    return frozenset(
        (model, evaluation)
        for model in _models(attack, references)
        for query in attack.queries
        for evaluation in predictions(query)
    )


def _summed(count: Callable[[Query], int], attack: Entry, references: int) -> int:
    """Return a count of all queries of an attack, to each model that it asks."""
    return sum(map(count, set(attack.queries))) * len(_models(attack, references))


def _models(attack: Entry, references: int) -> tuple[str, ...]:
    traits = traits_of(attack)
    one = ("reference",) if traits.reads_reference else ()
    several = range(1, references + 1) if traits.reads_references else ()
    return ("model", *one, *(f"references {number}" for number in several))
