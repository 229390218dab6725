"""Images on their way through a denoiser: noise, captions and estimates, each made once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from mia.denoisers.base import Denoiser
from mia.noise import draw_noise
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


@dataclass
class Batch:
    """Images that want the same queries.

    Args:
        denoiser: The model.
        image_ids: Identity of each image, which fixes its noise.
        z0: Clean latents, `(images, channels, height, width)`, float32.
        captions: Caption of each image.
        seed: The experiment's seed.
        size: Most U-Net evaluations in one forward pass.
    """

    denoiser: Denoiser
    image_ids: Sequence[str]
    z0: Tensor
    captions: Sequence[str]
    seed: int
    size: int
    evals: int = 0
    _noise: dict[int, Tensor] = field(default_factory=dict)
    _embedded: dict[str, Tensor] = field(default_factory=dict)
    _clean: dict[tuple[int, str], Tensor] = field(default_factory=dict)

    def slices(self, queries: Sequence[Query]) -> Iterator[Rows]:
        """Cut images × queries into at most `size` rows alike in condition and further fields."""
        for _, alike in groupby(sorted(queries, key=_kind), key=_kind):
            alike = list(alike)
            count = len(alike) * len(self.image_ids)
            for start in range(0, count, self.size):
                index = torch.arange(start, min(start + self.size, count), device=self.z0.device)
                which = (index // len(self.image_ids)).tolist()
                chosen = [alike[i] for i in which]
                timestep = torch.tensor([q.timestep for q in chosen], device=self.z0.device)
                yield Rows(index % len(self.image_ids), timestep, chosen)

    def noise(self, rows: Rows) -> Tensor:
        """The rows' draws, `(rows, channels, height, width)`, float32 standard normal."""
        for draw in {query.draw for query in rows.queries} - self._noise.keys():
            tensors = [
                torch.from_numpy(draw_noise(self.seed, image_id, draw, tuple(self.z0.shape[1:])))
                for image_id in self.image_ids
            ]
            self._noise[draw] = torch.stack(tensors).to(self.z0.device)
        pairs = zip(rows.queries, rows.image.tolist(), strict=True)
        return torch.stack([self._noise[query.draw][image] for query, image in pairs])

    def noised(self, rows: Rows, noise: Tensor) -> Tensor:
        """√ᾱ_t z0 + √(1−ᾱ_t) noise for each row."""
        alpha_bar = self.denoiser.alpha_bar[rows.timestep].view(-1, 1, 1, 1)
        signal = alpha_bar.sqrt() * self.z0[rows.image]
        return (signal + (1 - alpha_bar).sqrt() * noise).to(self.z0.dtype)

    def epsilon(self, z: Tensor, rows: Rows, condition: str) -> Tensor:
        """ε̂(z, t, c) for each row, float32; one eval each."""
        self.evals += len(z)
        return self.denoiser.epsilon(z, rows.timestep, self._conditioning(condition)[rows.image])

    def clean(self, rows: Rows, timestep: Tensor) -> Tensor:
        """ε̂(z0, t, c) for each row, computed once per image, timestep and condition."""
        for t in set(timestep.tolist()):
            if (t, rows.condition) not in self._clean:
                self._clean[t, rows.condition] = self._clean_estimates(t, rows.condition)
        pairs = zip(timestep.tolist(), rows.image.tolist(), strict=True)
        return torch.stack([self._clean[t, rows.condition][image] for t, image in pairs])

    def _clean_estimates(self, timestep: int, condition: str) -> Tensor:
        query = Query("clean", timestep, condition=condition)
        return torch.cat(
            [self.epsilon(self.z0[rows.image], rows, condition) for rows in self.slices([query])]
        )

    def _conditioning(self, condition: str) -> Tensor:
        """Text-encoder states of each image's caption under `condition`."""
        if condition not in self._embedded:
            if condition == "null":
                states = self.denoiser.embed([""]).expand(len(self.image_ids), -1, -1)
            elif condition == "caption":
                states = self.denoiser.embed(self.captions)
            else:
                raise ValueError(f"condition {condition!r}: no such caption column was read")
            self._embedded[condition] = states
        return self._embedded[condition]


def _kind(query: Query) -> tuple[str, tuple]:
    return query.condition, query.further
