"""What measuring will cost before it starts: queries wanted, held and missing, passes, rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mia.attacks.shared.cost import evaluations
from mia.query import Query
from mia.signals.shared.contract import traits_of
from mia.signals.shared.evals import backwards, generations, list_numbers, predictions, signal

COLUMNS = (
    *("queries", "pairs", "held", "missing"),
    *("evals/image", "evals", "backwards/image", "backwards"),
    *("generations/image", "generations"),
)


@dataclass(frozen=True)
class SignalCost:
    """One signal on one (model, image set).

    Args:
        queries: Queries wanted.
        wanted: (image, query) pairs wanted.
        held: Of these, how many the ledger answers.
        image_evals: U-Net evaluations that one image needs; those of earlier signals are not
            counted again.
        evals: U-Net evaluations that all missing pairs need.
        image_backwards: Backward passes that one image needs.
        backwards: Backward passes that all missing pairs need.
        image_generations: Images that the model makes for one image.
        generations: Images that it makes for all missing pairs.
        numbers: Numbers in the rows of the missing pairs, by themselves.
        listed: Numbers in lists in the same rows.
    """

    signal: str
    queries: int
    wanted: int
    held: int
    image_evals: int
    evals: int
    image_backwards: int
    backwards: int
    image_generations: int
    generations: int
    numbers: int
    listed: int

    @property
    def missing(self) -> int:
        """Pairs that the ledger does not answer: rows to be written."""
        return self.wanted - self.held

    @property
    def columns(self) -> tuple[int, ...]:
        """Its line of the estimate, in the order of `COLUMNS`."""
        evals, backwards = (self.image_evals, self.evals), (self.image_backwards, self.backwards)
        made = self.image_generations, self.generations
        return self.queries, self.wanted, self.held, self.missing, *evals, *backwards, *made


def pair_costs(
    wanted: Sequence[Query],
    missing: Mapping[Query, int],
    images: Mapping[Query, int],
    tensors: int = 0,
) -> list[SignalCost]:
    """Return the cost of each signal on one (model, image set).

    Args:
        wanted: Queries of the pair.
        missing: How many images lack each query; absent where none does.
        images: How many images are asked each query.
        tensors: Parameter tensors of the model's denoiser; 0 where they are not known.
    """
    seen: set[Hashable] = set()
    seen_of_one: set[Hashable] = set()
    found = []
    for name in sorted({query.signal for query in wanted}):
        queries = [query for query in wanted if query.signal == name]
        of_one = frozenset().union(*map(predictions, queries)) - seen_of_one
        seen_of_one |= of_one
        lacking = {query: missing.get(query, 0) for query in queries}
        evals = 0
        for query in sorted(lacking, key=lacking.__getitem__, reverse=True):
            new = predictions(query) - seen if lacking[query] else frozenset()
            evals += len(new) * lacking[query]
            seen |= new
        rows, pairs = sum(lacking.values()), sum(images[query] for query in queries)
        found.append(
            SignalCost(
                signal=name,
                queries=len(queries),
                wanted=pairs,
                held=pairs - rows,
                image_evals=len(of_one),
                evals=evals,
                image_backwards=sum(map(backwards, queries)),
                backwards=sum(backwards(query) * count for query, count in lacking.items()),
                image_generations=sum(map(generations, _measured(name, queries))),
                generations=sum(generations(query) * count for query, count in lacking.items()),
                numbers=rows * len(signal(name).MEASURES),
                listed=sum(list_numbers(query, tensors) * n for query, n in lacking.items()),
            )
        )
    return found


def _measured(name: str, queries: Sequence[Query]) -> list[Query]:
    """Return queries of a signal without those that another of them answers along the way."""
    answered_by = traits_of(signal(name)).answered_by
    return [query for query in queries if not {*answered_by(query)} & {*queries}]


def evals_alone(attacks: Iterable) -> int:
    """Return the evals per image of each attack run for itself, added up."""
    return sum(len(evaluations(attack, predictions)) for attack in attacks)


def evals_together(attacks: Iterable) -> int:
    """Return the evals per image of all attacks from one shared table."""
    together = [evaluations(attack, predictions) for attack in attacks]
    return len(frozenset().union(*together))
