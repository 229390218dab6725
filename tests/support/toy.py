"""A denoiser whose noise estimate is a known linear map: every number can be worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from mia.models.conditioning import Conditioning
from mia.models.sampler import Sampler

SHAPE = (2, 2, 2)
ALPHA_BAR = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
WORDS = {"": 0.0, "cat": 0.25, "dog": -0.5}


class ToyDenoiser:
    """ε̂(z, t, c) = 0.5 z + 0.001 t + word(c): a line in z, in t and in the caption's number."""

    latent_shape = SHAPE
    alpha_bar = torch.from_numpy(ALPHA_BAR)

    def embed(self, captions: Sequence[str]) -> Conditioning:
        words = torch.tensor([WORDS[caption] for caption in captions])
        return Conditioning({"states": words.view(-1, 1, 1)})

    @property
    def null(self) -> Conditioning:
        return self.embed([""])

    def of_images(self, conditioning: Conditioning, sizes: Sequence) -> Conditioning:
        return conditioning

    def epsilon(self, z: Tensor, timestep: Tensor, conditioning: Conditioning) -> Tensor:
        word = conditioning["states"].view(-1, 1, 1, 1)
        return 0.5 * z + 0.001 * timestep.view(-1, 1, 1, 1).float() + word

    def sampler(self, steps: int) -> Sampler:
        scheduler = DDIMScheduler(1000, 0.00085, 0.012, "scaled_linear", clip_sample=False)
        scheduler.set_timesteps(steps)
        return Sampler(scheduler, SHAPE[0])

    def output(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        return self.epsilon(x, time, conditioning)


def toy_epsilon(z: np.ndarray, timestep: int, caption: str) -> np.ndarray:
    """The same in NumPy, for one latent, in float64."""
    return 0.5 * z + 0.001 * timestep + WORDS[caption]


class ToyAutoencoder:
    """2 × 2 × 2 latents and 16 × 16 images: block means up, repetition down, both exact."""

    factor = 8

    def encode(self, pixels: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(pixels, 8)[:, :2]

    def decode(self, z0: Tensor) -> Tensor:
        third = z0.mean(1, keepdim=True)
        return torch.cat([z0, third], 1).repeat_interleave(8, -1).repeat_interleave(8, -2) / 4
