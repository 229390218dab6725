"""`chain`: guided denoising from a noised latent, visiting timesteps in any order.

`visits` is `first:last:stride` (both ends visited); `start` is the timestep whose noise level the
first latent has. At each visited t the step is t → t − |stride| (below 0: ᾱ_0) with ε̂ under
`guidance` (0: the query's condition alone, one eval). `state` says what the next visit starts
from: `moved` is the latent just reached, `fixed` is the first latent. `shift` adds that much
Gaussian noise to the caption's text-encoder states. A row at visited t holds

- `model_loss`: mean (ε − ε̂(z, t, c))² of the estimate without guidance;
- `latent_error`: mean (z_next − z0)²;
- `pixel_error`: mean |255 x0 − round(255 decode(z_next))| where `decode` is 1, else NaN.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mia.noise import draw_noise
from mia.query import Query
from mia.signals.reconstruction import compare
from mia.signals.shared.ddim import move
from mia.visits import stride, visited

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows
    from mia.models.conditioning import Conditioning

MEASURES = ("model_loss", "latent_error", "pixel_error")
NEEDS_PIXELS = True


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    further = {name: value for name, value in query.further if name != "decode"}
    order = visited(further["visits"])
    if further["state"] == "moved":
        order = order[: order.index(query.timestep) + 1]
    else:
        order = (query.timestep,)
    conditions = (_own(query.condition), *(("null",) if further["guidance"] else ()))
    path = tuple(sorted(further.items()))
    return frozenset(("chain", path, query.draw, t, c) for t in order for c in conditions)


def answered_by(query: Query) -> tuple[Query, ...]:
    """Return the same visit with its image decoded, whose rows hold the measures of `query`."""
    further = {**dict(query.further), "decode": 1}
    decoded = replace(query, further=tuple(sorted(further.items())))
    return () if decoded == query else (decoded,)


def reads_words(query: Query) -> bool:
    """Return whether the caption's text-encoder states are moved."""
    return bool(dict(query.further)["shift"])


def narrow(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Return rows of a decoded visit as rows of `query`, which sees no image."""
    return rows.assign(pixel_error=float("nan"))


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    lines = []
    for query, image in zip(rows.queries, rows.image.tolist(), strict=True):
        steps = walked(batch, rows.further, query.draw, query.condition)
        lines.append(torch.stack([column[image] for column in steps[query.timestep]]))
    return torch.stack(lines)


def walked(
    batch: Batch, further: dict[str, Any], draw: int, condition: str
) -> dict[int, tuple[Tensor, ...]]:
    """Return `MEASURES` of every image at every visited timestep of one draw, each `(images,)`."""
    key = ("chain", tuple(sorted(further.items())), draw, condition)
    return batch.once(key, lambda: _walk(batch, further, draw, _own(condition)))


def _own(condition: str) -> str:
    """Return what the model is told where there is no guidance."""
    return "caption" if condition == "both" else condition


def _walk(
    batch: Batch, further: dict[str, Any], draw: int, condition: str
) -> dict[int, tuple[Tensor, ...]]:
    import torch

    noise, alpha_bar = batch.draws(draw), batch.denoiser.alpha_bar
    first = batch.noised_at(further["start"], noise)
    told = _shifted(batch, further["shift"], draw, condition)
    step = stride(further["visits"])
    z = first
    found: dict[int, tuple[Tensor, ...]] = {}
    for t in visited(further["visits"]):
        own = batch.everywhere(z, t, condition, told)
        epsilon = own
        if further["guidance"]:
            null = batch.everywhere(z, t, "null")
            epsilon = null + further["guidance"] * (own - null)
        z = move(z, epsilon, alpha_bar[t], alpha_bar[max(t - step, 0)])
        loss = (noise - own).flatten(1).double().square().mean(1)
        error = (z - batch.z0).flatten(1).double().square().mean(1)
        pixel = torch.full_like(error, float("nan"))
        if further["decode"]:
            pixel = compare(batch.pixels, batch.decode(z))[:, 2]
        found[t] = (loss, error, pixel)
        if further["state"] == "fixed":
            z = first
    return found


def _shifted(batch: Batch, shift: float, draw: int, condition: str) -> Conditioning:
    import numpy as np
    import torch

    told = batch.told(condition)
    if not shift:
        return told
    states = told["states"]
    shape = tuple(states.shape[1:])
    noises = [draw_noise(batch.seed, f"{i}:text", draw, shape) for i in batch.image_ids]
    return told.shifted(shift * torch.from_numpy(np.stack(noises)).to(states.device))
