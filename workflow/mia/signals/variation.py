"""`variation`: the image itself, noised, denoised and decoded: images in, images out.

It is what an interface for image-to-image offers (ReDiffuse's V, Li et al. 2024, arXiv 2405.20771).
The image's latent is noised to t with draw d, and DDIM leads back in steps of `step`: t, t − step,
…, as long as that is above 0, and from the last of these to the clean latent at once. `guidance`
above 1 mixes in the estimate under the empty caption. A row of draw d holds

- `l1_pixel`, `rms_pixel`, `tile_rms`, `ssim`, `rms_latent`: output d against the image, as in
  `generation`;
- `rms_earlier`: mean of `rms_pixel` between output d and each output before it; NaN of draw 0;
- `l1_of_mean`, `rms_of_mean`, `ssim_of_mean`: the mean of outputs 0 … d against the image;
- `cosine` of the embeddings of output d and the image, and `output`, as in `generation`.

`mia.signals.shared.outputs` says how draws are compared.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared import besides, embedded, kept
from mia.signals.shared.ddim import clean_estimate, move
from mia.signals.shared.outputs import (
    ALIKE,
    MEAN,
    Output,
    alike,
    conditions,
    mixed,
    of_mean,
    output,
    require_draw,
)

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = (*ALIKE, *MEAN, besides.COSINE)
NEEDS_PIXELS = True
compares_embeddings = embedded.compares_embeddings
answered_by, narrow = besides.answered_by, besides.narrow
LISTS, keeping = kept.LISTS, kept.keeping


def visited(timestep: int, step: int) -> tuple[int, ...]:
    """Return the timesteps at which the model is asked.

    >>> visited(200, 100), visited(201, 100), visited(50, 100)
    ((200, 100), (201, 101, 1), (50,))
    """
    return tuple(range(timestep, 0, -step))


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the evaluations that answer `query`, one identifier each: all draws up to its own."""
    require_draw(query.draw)
    query = besides.bare(query)
    further = dict(query.further)
    told = conditions(query.condition, further["guidance"])
    first, *rest = visited(query.timestep, further["step"])
    chain = (query.timestep, query.further, query.condition)
    draws = range(query.draw + 1)
    noised = {("noised", first, draw, c) for draw in draws for c in told}
    lower = {("variation", *chain, draw, t, c) for draw in draws for t in rest for c in told}
    return frozenset({*noised, *lower})


def generations(query: Query) -> int:
    """Return how many images are made for a query that the queries of earlier draws do not make."""
    return 1


def measure(batch: Batch, rows: Rows) -> dict[str, Tensor]:
    """Return the columns of `rows`: `(rows,)`, float64 each, and `output` where it is kept."""
    import torch

    lines, last = [], []
    for query, image in zip(rows.queries, rows.image.tolist(), strict=True):
        found = [made(batch, besides.bare(query), draw) for draw in range(query.draw + 1)]
        own = batch.pixels[image]
        seen = [alike(own, batch.z0[image], found, image), of_mean(own, found, image)]
        similar = embedded.cosine(query, own, found, image, batch.embed_image, batch.once)
        lines.append(torch.cat([*seen, similar.to(own.device)]))
        last.append(found[-1])
    return kept.columns(MEASURES, torch.stack(lines), last, rows.image.tolist(), rows.queries[0])


def made(batch: Batch, query: Query, draw: int) -> Output:
    """Return one draw of every image of `batch`, made once."""
    key = ("variation", query.timestep, query.further, query.condition, draw)
    return batch.once(key, lambda: output(_chain(batch, query, draw), batch.decode))


def _chain(batch: Batch, query: Query, draw: int) -> Tensor:
    """Return the clean latents that DDIM leads back to."""
    alpha_bar, further = batch.denoiser.alpha_bar, dict(query.further)
    guidance = further["guidance"]
    told = conditions(query.condition, guidance)
    first, *rest = visited(query.timestep, further["step"])
    z = batch.noised_at(first, batch.draws(draw))
    t, epsilon = first, mixed([batch.estimates(first, draw, c) for c in told], guidance)
    for lower in rest:
        z = move(z, epsilon, alpha_bar[t], alpha_bar[lower])
        t, epsilon = lower, mixed([batch.everywhere(z, lower, c) for c in told], guidance)
    return clean_estimate(z, epsilon, alpha_bar[t])
