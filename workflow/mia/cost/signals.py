"""What measuring will cost before it starts: queries wanted, held and missing, passes, rows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mia.attacks.shared.cost import evaluations
from mia.query import Query
from mia.signals.shared.evals import (
    backwards,
    embeddings,
    generations,
    keeps,
    list_numbers,
    predictions,
    signal,
    unanswered,
)

COLUMNS = (
    *("queries", "pairs", "held", "missing"),
    *("evals/image", "evals", "backwards/image", "backwards"),
    *("generations/image", "generations", "embeddings/image", "embeddings"),
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
        image_embeddings: Images that the config's encoder embeds for one image: what the model
            made, and the image itself, unless an earlier signal has embedded it.
        embeddings: Images that it embeds for all missing pairs.
        numbers: Numbers in the rows of the missing pairs, by themselves.
        listed: Numbers in lists in the same rows.
        kept: Images that a model makes in the same rows, which are kept.
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
    image_embeddings: int
    embeddings: int
    numbers: int
    listed: int
    kept: int

    @property
    def missing(self) -> int:
        """Pairs that the ledger does not answer: rows to be written."""
        return self.wanted - self.held

    @property
    def columns(self) -> tuple[int, ...]:
        """Its line of the estimate, in the order of `COLUMNS`."""
        evals, backwards = (self.image_evals, self.evals), (self.image_backwards, self.backwards)
        made = self.image_generations, self.generations
        embedded = self.image_embeddings, self.embeddings
        pairs = self.queries, self.wanted, self.held, self.missing
        return *pairs, *evals, *backwards, *made, *embedded


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
    evals, embedded = _Distinct(predictions), _Distinct(embeddings)
    evals_of_one, embedded_of_one = _Distinct(predictions), _Distinct(embeddings)
    found = []
    for name in sorted({query.signal for query in wanted}):
        queries = [query for query in wanted if query.signal == name]
        of_one = dict.fromkeys(queries, 1)
        lacking = {query: missing.get(query, 0) for query in queries}
        rows, pairs = sum(lacking.values()), sum(images[query] for query in queries)
        found.append(
            SignalCost(
                signal=name,
                queries=len(queries),
                wanted=pairs,
                held=pairs - rows,
                image_evals=evals_of_one.count(of_one),
                evals=evals.count(lacking),
                image_backwards=sum(map(backwards, queries)),
                backwards=sum(backwards(query) * count for query, count in lacking.items()),
                image_generations=sum(map(generations, unanswered(queries))),
                generations=sum(generations(query) * count for query, count in lacking.items()),
                image_embeddings=embedded_of_one.count(of_one),
                embeddings=embedded.count(lacking),
                numbers=rows * len(signal(name).MEASURES),
                listed=sum(list_numbers(query, tensors) * n for query, n in lacking.items()),
                kept=sum(n for query, n in lacking.items() if keeps(query)),
            )
        )
    return found


class _Distinct:
    """Counts what queries need, what several share once, and nothing that was counted before.

    Args:
        needs: Query to identifiers of what answers it.
    """

    def __init__(self, needs: Callable[[Query], frozenset[Hashable]]) -> None:
        self._needs = needs
        self._seen: set[Hashable] = set()

    def count(self, lacking: Mapping[Query, int]) -> int:
        """Return how much is needed for so many images that lack each query."""
        total = 0
        for query in sorted(filter(lacking.get, lacking), key=lacking.__getitem__, reverse=True):
            new = self._needs(query) - self._seen
            total += len(new) * lacking[query]
            self._seen |= new
        return total


def evals_alone(attacks: Iterable) -> int:
    """Return the evals per image of each attack run for itself, added up."""
    return sum(len(evaluations(attack, predictions)) for attack in attacks)


def evals_together(attacks: Iterable) -> int:
    """Return the evals per image of all attacks from one shared table."""
    together = [evaluations(attack, predictions) for attack in attacks]
    return len(frozenset().union(*together))
