"""`reconstruction`: the decoded image of one denoising step, against the image itself.

`kind` is one of
- `step`: x̂0 from the noised latent at t (one jump to the clean latent);
- `guided`: one DDIM step t → t − `stride` of the noised latent with guidance g;
- `inversion`: the latent of the DDIM inversion chain at t (`step` its stride), decoded as it is.

A row holds `l1_pixel`, `l2_pixel` (mean absolute and squared difference of pixels in [0, 1]),
`l1_rounded` (mean absolute difference of 8-bit pixels, 0–255) and `ssim` of the grey images.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals import inversion
from mia.signals.shared.ddim import clean_estimate, move
from mia.signals.shared.ssim import grey, ssim

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("l1_pixel", "l2_pixel", "l1_rounded", "ssim")
NEEDS_PIXELS = True


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    further = dict(query.further)
    if further["kind"] == "inversion":
        step = further["step"]
        return inversion.nodes_up_to(query.timestep - step, step, query.condition)
    conditions = ("caption", "null") if further["kind"] == "guided" else (query.condition,)
    return frozenset(("noised", query.timestep, query.draw, c) for c in conditions)


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    latent = {"step": _step, "guided": _guided, "inversion": _inverted}[rows.further["kind"]]
    return compare(batch.pixels[rows.image], batch.decode(latent(batch, rows)))


def compare(original: Tensor, decoded: Tensor) -> Tensor:
    """Return `MEASURES` for pairs of images in [−1, 1], `(rows, 3, height, width)`."""
    import torch

    original, decoded = ((p.double().clamp(-1, 1) + 1) / 2 for p in (original, decoded))
    gap = (original - decoded).flatten(1)
    rounded = ((255 * original) - (255 * decoded).round()).flatten(1)
    similar = ssim(grey(original), grey(decoded))
    return torch.stack([gap.abs().mean(1), gap.square().mean(1), rounded.abs().mean(1), similar], 1)


def _step(batch: Batch, rows: Rows) -> Tensor:
    z = batch.noised(rows, batch.noise(rows))
    epsilon = batch.estimate(rows, rows.condition)
    return clean_estimate(z, epsilon, batch.denoiser.alpha_bar[rows.timestep])


def _guided(batch: Batch, rows: Rows) -> Tensor:
    z, alpha_bar = batch.noised(rows, batch.noise(rows)), batch.denoiser.alpha_bar
    caption, null = (batch.estimate(rows, condition) for condition in ("caption", "null"))
    epsilon = null + rows.further["guidance"] * (caption - null)
    lower = (rows.timestep - rows.further["stride"]).clamp(min=0)
    return move(z, epsilon, alpha_bar[rows.timestep], alpha_bar[lower])


def _inverted(batch: Batch, rows: Rows) -> Tensor:
    step, alpha_bar = rows.further["step"], batch.denoiser.alpha_bar

    def everywhere(timestep: int) -> Tensor:
        below = timestep - step
        z, epsilon = inversion.node(batch, below, step, rows.condition)
        return move(z, epsilon, alpha_bar[below], alpha_bar[timestep])

    return rows.pick(everywhere)
