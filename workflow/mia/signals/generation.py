"""`generation`: images that the model makes of the caption, against the image itself.

The model's own pipeline is followed: the scheduler of its folder, `steps` steps, and `guidance`
where it is above 1. Draw d of an image starts from the image's noise of draw d (`mia.noise`), and
what the scheduler adds on the way comes from (seed, image, draw) too. Under `null`, or of a model
that is told nothing, no caption is told. Nothing of the image enters but its caption. A row of draw
d holds

- `l1_pixel`, `rms_pixel`: mean absolute difference of pixels in [0, 1] and the image's, and the
  root of the mean squared one; `tile_rms`: the largest such root among 4 × 4 tiles; `ssim` of the
  grey images (`mia.signals.shared.likeness`); `rms_latent`: root of the mean squared difference of
  the latents;
- `rms_earlier`: mean of `rms_pixel` between output d and each output before it; NaN of draw 0;
- `tile_rms_to_0` … `tile_rms_to_14`: `tile_rms` between output d and each output before it;
- `cosine`: of the embeddings of output d and the image, in [−1, 1], for a query with the field
  `embedded`; else NaN (`mia.signals.shared.embedded`);
- `output`: output d itself, for a query with the field `kept` (`mia.signals.shared.kept`).

Costs are counted as `steps` evals, twice with guidance. Schedulers of second order ask twice as
often, PNDM once more. `mia.signals.shared.outputs` says how draws are compared.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from mia.noise import chain_seed
from mia.query import Query
from mia.signals.shared import besides, embedded, kept
from mia.signals.shared.outputs import (
    ALIKE,
    NEAR,
    Output,
    alike,
    conditions,
    near,
    output,
    require_draw,
)

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = (*ALIKE, *NEAR, besides.COSINE)
NEEDS_PIXELS = True
compares_embeddings = embedded.compares_embeddings
answered_by, narrow = besides.answered_by, besides.narrow
LISTS, keeping = kept.LISTS, kept.keeping


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the evaluations that answer `query`, one identifier each: all draws up to its own."""
    require_draw(query.draw)
    query = besides.bare(query)
    further = dict(query.further)
    told = conditions(query.condition, further["guidance"])
    return frozenset(
        ("generation", query.further, draw, step, query.condition, condition)
        for draw in range(query.draw + 1)
        for step in range(further["steps"])
        for condition in told
    )


def generations(query: Query) -> int:
    """Return how many images are made for a query that the queries of earlier draws do not make."""
    return 1


def measure(batch: Batch, rows: Rows) -> dict[str, Tensor]:
    """Return the columns of `rows`: `(rows,)`, float64 each, and `output` where it is kept."""
    import torch

    lines, last = [], []
    for query, image in zip(rows.queries, rows.image.tolist(), strict=True):
        further = dict(besides.bare(query).further)
        found = [made(batch, further, draw, query.condition) for draw in range(query.draw + 1)]
        seen = alike(batch.pixels[image], batch.z0[image], found, image)
        similar = embedded.cosine(
            query, batch.pixels[image], found, image, batch.embed_image, batch.once
        )
        lines.append(torch.cat([seen.cpu(), near(found, image), similar]))
        last.append(found[-1])
    return kept.columns(MEASURES, torch.stack(lines), last, rows.image.tolist(), rows.queries[0])


def made(batch: Batch, further: dict[str, Any], draw: int, condition: str) -> Output:
    """Return one draw of every image of `batch`, made once."""
    key = ("generation", tuple(sorted(further.items())), draw, condition)
    return batch.once(key, lambda: output(_chain(batch, further, draw, condition), batch.decode))


def _chain(batch: Batch, further: dict[str, Any], draw: int, condition: str) -> Tensor:
    """Return the last latents of every image's chain, float32."""
    import torch

    seeds = (chain_seed(batch.seed, image_id, draw) for image_id in batch.image_ids)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    told = [batch.told(c) for c in conditions(condition, further["guidance"])]
    sampler = batch.denoiser.sampler(further["steps"])
    x = sampler.first(batch.draws(draw))
    for time in sampler:
        asked = sampler.asked(x, time)
        answer, *unguided = (batch.outputs(asked, time, one) for one in told)
        for null in unguided:
            answer = sampler.guided(answer, null, further["guidance"])
        x = sampler.stepped(answer, time, x, generators)
    return x.float()
