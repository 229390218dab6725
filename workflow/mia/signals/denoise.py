"""`denoise`: the noise estimate on the noised latent, as inner products and residuals.

For x0 = z0, ε the draw, z_t = √ᾱ_t z0 + √(1−ᾱ_t) ε and ε̂ = ε̂(z_t, t, c), a row holds

- `dot_a_b`: ⟨a, b⟩ / d for a, b in x0, eps, caption, null (ε̂ under the caption, under the empty
  caption), accumulated in float64; one DDIM step is linear in these vectors, so latent error at any
  guidance and step is algebra on a row;
- `loss_c`: mean (ε − ε̂_c)²; `l1_c`: mean |ε − ε̂_c|; `l4_c`: mean (ε − ε̂_c)⁴;
- `low_loss_c`: the loss of the low-passed residual (`mia.signals.shared.low_pass`);
- `sq_guidance`: mean (ε̂_caption − ε̂_null)².

Under another caption (`alt-x`) the columns named caption hold its estimate. d is the number of
latent elements. A condition that was not asked for is NaN.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import pandas as pd

from mia.query import Query
from mia.signals.shared.low_pass import low_pass

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

VECTORS = ("x0", "eps", "caption", "null")
DOTS = tuple(f"dot_{a}_{b}" for a, b in combinations_with_replacement(VECTORS, 2))
MEASURES = (
    *DOTS,
    *(
        f"{name}_{condition}"
        for name in ("loss", "l1", "l4", "low_loss")
        for condition in ("caption", "null")
    ),
    "sq_guidance",
)


def conditions(condition: str) -> tuple[str, ...]:
    """Return the conditions that have to be evaluated: `both` is two."""
    return ("caption", "null") if condition == "both" else (condition,)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    return frozenset(
        ("noised", query.timestep, query.draw, condition)
        for condition in conditions(query.condition)
    )


def answered_by(query: Query) -> tuple[Query, ...]:
    """Return the same query under `both`, where `query` has one of its two conditions."""
    both = replace(query, condition="both")
    return (both,) if query.condition in conditions(both.condition) else ()


def narrow(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Return rows of `both` as rows of `query`: the other condition's columns are NaN."""
    other = ({"caption", "null"} - {query.condition}).pop()
    hidden = [name for name in MEASURES if other in name.split("_")]
    return rows.assign(
        condition=query.condition, **dict.fromkeys([*hidden, "sq_guidance"], float("nan"))
    )


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64, NaN where not asked for."""
    import torch

    x0, eps = batch.z0[rows.image], batch.noise(rows)
    estimates = {
        "null" if c == "null" else "caption": batch.estimate(rows, c)
        for c in conditions(rows.condition)
    }
    columns = {}
    vectors = {"x0": x0, "eps": eps, **estimates}
    stacked = torch.stack([vector.flatten(1) for vector in vectors.values()], dim=1).double()
    gram = stacked @ stacked.transpose(1, 2) / stacked.shape[2]
    for (i, a), (j, b) in combinations_with_replacement(enumerate(vectors), 2):
        columns[f"dot_{a}_{b}"] = gram[:, i, j]
    for name, estimate in estimates.items():
        filtered = low_pass(eps - estimate).flatten(1)
        residual = (eps - estimate).flatten(1).double()
        columns[f"loss_{name}"] = residual.square().mean(1)
        columns[f"l1_{name}"] = residual.abs().mean(1)
        columns[f"low_loss_{name}"] = filtered.square().mean(1)
        columns[f"l4_{name}"] = residual.square().square().mean(1)
    if len(estimates) == 2:
        contrast = (estimates["caption"] - estimates["null"]).flatten(1).double()
        columns["sq_guidance"] = contrast.square().mean(1)
    missing = torch.full_like(gram[:, 0, 0], float("nan"))
    return torch.stack([columns.get(name, missing) for name in MEASURES], dim=1)
