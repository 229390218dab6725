"""Latents of a few patterns, and the best estimate of them: what a perfect model would say."""

from __future__ import annotations

import math

import numpy as np
import torch

SHAPE, IMAGES = (4, 8, 8), 24
PATTERNS = torch.linalg.qr(torch.randn(256, 16, generator=torch.Generator().manual_seed(0)))[0].T
SPREAD = 256 / len(PATTERNS)  # variance of a pattern's weight


def latents(scale=1.0):
    """Sums of a few patterns, of mean square `scale` squared."""
    weights = torch.from_numpy(np.random.default_rng(0).standard_normal((IMAGES, len(PATTERNS))))
    flat = scale * math.sqrt(SPREAD) * weights.float() @ PATTERNS
    return flat.view(IMAGES, *SHAPE).numpy()


def best(z, alpha_bar):
    """The best estimates of the image and of the noise in z; `alpha_bar` `(rows, 1, 1, 1)`."""
    inside = alpha_bar.sqrt() * SPREAD / (alpha_bar * SPREAD + 1 - alpha_bar)
    flat = z.flatten(1) @ PATTERNS.T @ PATTERNS
    image = (inside * flat.view_as(z)).clamp(-3, 3)  # no larger than it has ever seen
    return image, (z - alpha_bar.sqrt() * image) / (1 - alpha_bar).sqrt()
