"""(image, query) pairs that can go through a model together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from mia.query import Query


@dataclass(frozen=True)
class Rows:
    """Some (image, query) pairs of a batch that agree in condition and further fields.

    Args:
        image: Index into the batch, `(rows,)`.
        timestep: Timestep, `(rows,)`.
        queries: The query of each row.
    """

    image: Tensor
    timestep: Tensor
    queries: Sequence[Query]

    @property
    def condition(self) -> str:
        """The condition that all rows share."""
        return self.queries[0].condition

    @property
    def further(self) -> dict[str, Any]:
        """The further fields that all rows share."""
        return dict(self.queries[0].further)

    def take(self, places: Sequence[int]) -> Rows:
        """Return the rows at `places`."""
        queries = [self.queries[place] for place in places]
        return Rows(self.image[places], self.timestep[places], queries)

    def pick(self, everywhere: Callable[[int], Tensor]) -> Tensor:
        """Return each row's own part of what `everywhere(timestep)` gives for all images."""
        tables = {t: everywhere(t) for t in sorted(set(self.timestep.tolist()))}
        pairs = zip(self.timestep.tolist(), self.image.tolist(), strict=True)
        return torch.stack([tables[t][image] for t, image in pairs])


def slices(
    queries: Sequence[Query], images: int, size: int, device: torch.device
) -> Iterator[Rows]:
    """Yield images × queries in at most `size` rows alike in condition and further fields."""
    for _, kind in groupby(sorted(queries, key=_kind), key=_kind):
        alike = list(kind)
        count = len(alike) * images
        for start in range(0, count, size):
            index = torch.arange(start, min(start + size, count), device=device)
            chosen = [alike[i] for i in (index // images).tolist()]
            timestep = torch.tensor([query.timestep for query in chosen], device=device)
            yield Rows(index % images, timestep, chosen)


def _kind(query: Query) -> tuple[str, tuple]:
    return query.condition, query.further
