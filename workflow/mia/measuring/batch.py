"""Images on their way through a denoiser: noise, captions and estimates, each made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from mia.measuring.slices import Rows, slices
from mia.measuring.vae_parts import vae_parts
from mia.measuring.within_memory import within_memory
from mia.models.conditioning import Conditioning
from mia.models.denoiser import Denoiser
from mia.noise import draw_noise
from mia.query import Query
from mia.signals.shared.ddim import noised

if TYPE_CHECKING:
    from mia.models.autoencoder import Autoencoder


@dataclass
class Batch:
    """Images on which the same queries are measured.

    Args:
        denoiser: The model.
        image_ids: Identity of each image, which fixes its noise.
        z0: Clean latents, `(images, channels, height, width)`, float32.
        captions: Caption of each image.
        alternates: Other captions of each image, by name: condition `alt-<name>`.
        sizes: Height and width of each image's file, for a model that is told of them.
        seed: The experiment's seed.
        size: Most U-Net evaluations in one forward pass.
        read_pixels: Image ids to prepared images, for signals that look at pixels.
        autoencoder: The model's VAE, for the same signals.
        shared: Evaluations, as `predictions` names them, that are kept: several signals need them.
        learnt: What signals find out of texts alone, kept from batch to batch.
        embed_image: An image, about [−1, 1], to its embedding; for queries that compare embeddings.
    """

    denoiser: Denoiser
    image_ids: Sequence[str]
    z0: Tensor
    captions: Sequence[str]
    seed: int
    size: int
    read_pixels: Callable[[Sequence[str]], Tensor] | None = None
    autoencoder: Autoencoder | None = None
    shared: frozenset[Hashable] = frozenset()
    alternates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sizes: Sequence[tuple[int, int]] = ()
    learnt: dict[Hashable, Any] = field(default_factory=dict)
    embed_image: Callable[[Tensor], Tensor] | None = None
    evals: int = 0
    _memory: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` gives, made once per batch under `key`."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]

    def slices(self, queries: Sequence[Query]) -> Iterator[Rows]:
        """Yield images × queries in at most `size` rows alike in condition and further fields."""
        return slices(queries, len(self.image_ids), self.size, self.z0.device)

    def noise(self, rows: Rows) -> Tensor:
        """Return the rows' draws, `(rows, channels, height, width)`, float32 standard normal."""
        pairs = zip(rows.queries, rows.image.tolist(), strict=True)
        return torch.stack([self.draws(query.draw)[image] for query, image in pairs])

    def draws(self, draw: int) -> Tensor:
        """Return one draw of every image, `(images, channels, height, width)`."""
        shape = tuple(self.z0.shape[1:])

        def make() -> Tensor:
            tensors = [draw_noise(self.seed, image_id, draw, shape) for image_id in self.image_ids]
            return torch.from_numpy(np.stack(tensors)).to(self.z0.device)

        return self.once(("noise", draw), make)

    def noised(self, rows: Rows, noise: Tensor, z0: Tensor | None = None) -> Tensor:
        """Return √ᾱ_t z0 + √(1−ᾱ_t) noise for each row; `z0`: by default their clean latents."""
        z0 = self.z0[rows.image] if z0 is None else z0
        return noised(z0, noise, self.denoiser.alpha_bar[rows.timestep])

    def noised_at(self, timestep: int, noise: Tensor) -> Tensor:
        """Return every image's latent at one timestep, with `noise` `(images, …)`."""
        return noised(self.z0, noise, self.denoiser.alpha_bar[timestep])

    def epsilon(
        self, z: Tensor, rows: Rows, condition: str, told: Conditioning | None = None
    ) -> Tensor:
        """Return ε̂(z, t, c) for each row, float32; one eval each.

        `told`, one row per image, stands in place of what `condition` tells the model.
        """
        told = (self.told(condition) if told is None else told).rows(rows.image)

        def ask(part: slice) -> Tensor:
            return self.denoiser.epsilon(z[part], rows.timestep[part], told.rows(part))

        return self._asked(ask, len(z))

    def outputs(self, x: Tensor, time: Tensor, told: Conditioning) -> Tensor:
        """Return the model's own output for a sampler's latent of every image, at one time.

        One eval each. `time` is a scalar; `told` has one row per image.
        """
        times = time.expand(len(x))

        def ask(part: slice) -> Tensor:
            return self.denoiser.output(x[part], times[part], told.rows(part))

        return self._asked(ask, len(x))

    def _asked(self, ask: Callable[[slice], Tensor], rows: int) -> Tensor:
        self.evals += rows
        answers, self.size = within_memory(ask, rows, self.size)
        return answers

    def estimate(self, rows: Rows, condition: str) -> Tensor:
        """Return ε̂(z_t, t, c) of each row's noised latent, made once if several signals ask."""
        keys = [("noised", query.timestep, query.draw, condition) for query in rows.queries]
        alone = [place for place, key in enumerate(keys) if key not in self.shared]
        found: dict[int, Tensor] = {}
        if alone:
            own = rows.take(alone)
            estimates = self.epsilon(self.noised(own, self.noise(own)), own, condition)
            if len(alone) == len(keys):
                return estimates
            found = dict(zip(alone, estimates, strict=True))
        for place, image in enumerate(rows.image.tolist()):
            if place not in found:
                found[place] = self.estimates(*keys[place][1:])[image]
        return torch.stack([found[place] for place in range(len(keys))])

    def estimates(self, timestep: int, draw: int, condition: str) -> Tensor:
        """Return ε̂ of every image's noised latent, made once."""

        def make() -> Tensor:
            return self.everywhere(self.noised_at(timestep, self.draws(draw)), timestep, condition)

        return self.once(("noised", timestep, draw, condition), make)

    def everywhere(
        self, z: Tensor, timestep: int, condition: str, told: Conditioning | None = None
    ) -> Tensor:
        """Return ε̂(z, t, c) at one timestep for a latent of every image, `(images, …)`."""
        parts = self.slices([Query("everywhere", timestep, condition=condition)])
        return torch.cat([self.epsilon(z[part.image], part, condition, told) for part in parts])

    def clean(self, timestep: int, condition: str) -> Tensor:
        """Return ε̂(z0, t, c) of every image, computed once per timestep and condition."""
        key = ("clean", timestep, condition)
        return self.once(key, lambda: self.everywhere(self.z0, timestep, condition))

    def told(self, condition: str) -> Conditioning:
        """Return what the model is told of every image under `condition`, one row each."""

        def make() -> Conditioning:
            if condition == "null":
                null = self.denoiser.null.repeated(len(self.image_ids))
                return self.denoiser.of_images(null, self.sizes)
            other = condition.removeprefix("alt-")
            return self.embed(self.alternates[other] if other != condition else self.captions)

        return self.once(("told", condition), make)

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return what the model is told of the images with these captions, one row each."""
        return self.denoiser.of_images(self.denoiser.embed(captions), self.sizes)

    def encode(self, pixels: Tensor) -> Tensor:
        """Return the latents of pixels `(images, 3, height, width)` in [−1, 1]."""
        return torch.cat([_given(self.autoencoder).encode(part) for part in vae_parts(pixels, 1)])

    def decode(self, z0: Tensor) -> Tensor:
        """Return the images of latents, in about [−1, 1]."""
        autoencoder = _given(self.autoencoder)
        return torch.cat([autoencoder.decode(part) for part in vae_parts(z0, autoencoder.factor)])

    @property
    def pixels(self) -> Tensor:
        """The images themselves, `(images, 3, height, width)`, float32 in [−1, 1]."""
        read, device = _given(self.read_pixels), self.z0.device
        return self.once("pixels", lambda: read(self.image_ids).to(device))


def _given(part: Any) -> Any:
    """Return what a batch has for signals that look at pixels."""
    if part is None:
        raise ValueError("a batch without images: a signal that reads them says NEEDS_PIXELS")
    return part
