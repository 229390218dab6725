"""`inversion`: the deterministic DDIM chain from the clean latent upwards, 0 → k → 2k → … → t + k.

x̃_0 = z0 and x̃_{s+k} = φ_{s→s+k}(x̃_s). A row at timestep t with step k holds

- `lp_node`: mean |ε̂(x̃_{t+k}, t+k) − ε̂(x̃_t, t)|^p for p in 1, 2, 4, and `low_l2_node` of the
  low-passed difference (`mia.signals.shared.low_pass`);
- `t_error`: mean (φ_{t+k→t}(φ_{t→t+k}(x̃_t)) − x̃_t)², that of SecMI, by its closed form;
- `error_map`, where the query names a `map` of m cells a side: |φ(φ(x̃_t)) − x̃_t| averaged over
  m × m cells of each channel, or over single elements where the latent has fewer; channels, then
  rows, then columns, float32.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.ddim import move, move_factor
from mia.signals.shared.low_pass import low_pass

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

NORMS = (1, 2, 4)
MEASURES = (*(f"l{p}_node" for p in NORMS), "low_l2_node", "t_error")
LISTS = ("error_map",)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    step = dict(query.further)["step"]
    return nodes_up_to(query.timestep + step, step, query.condition)


def nodes_up_to(last: int, step: int, condition: str) -> frozenset[Hashable]:
    """Return the evaluations of the chain's nodes 0, step, …, last."""
    higher = {("inversion", node, step, condition) for node in range(step, last + 1, step)}
    return frozenset({("clean", 0, condition), *higher})


def list_numbers(query: Query, tensors: int) -> int:
    """Return the numbers of a row's map: those of a latent of four channels, the most common."""
    return 4 * dict(query.further).get("map", 0) ** 2


def measure(batch: Batch, rows: Rows) -> Mapping[str, Tensor]:
    """Return the measures of `rows` by name: `(rows,)`, float64; the map `(rows, cells)`."""
    step = rows.further["step"]
    alpha_bar = batch.denoiser.alpha_bar
    upper = rows.pick(lambda t: node(batch, t + step, step, rows.condition)[1])
    lower = rows.pick(lambda t: node(batch, t, step, rows.condition)[1])
    gap = (upper - lower).double()
    size = gap.flatten(1).abs()
    columns = [(size**p).mean(1) for p in NORMS]
    columns.append(low_pass(gap).flatten(1).square().mean(1))
    factor = move_factor(alpha_bar[rows.timestep + step], alpha_bar[rows.timestep])
    columns.append(factor.square() * columns[1])
    found = dict(zip(MEASURES, columns, strict=True))
    if "map" in rows.further:
        error = factor.abs().view(-1, 1, 1, 1) * gap.abs()
        found["error_map"] = _pooled(error, rows.further["map"])
    return found


def _pooled(error: Tensor, cells: int) -> Tensor:
    """Return `(rows, channels · height · width)`, sides of at most `cells`, float32."""
    import torch

    height, width = error.shape[-2:]
    sides = min(cells, height), min(cells, width)
    return torch.nn.functional.adaptive_avg_pool2d(error, sides).flatten(1).float()


def node(batch: Batch, timestep: int, step: int, condition: str) -> tuple[Tensor, Tensor]:
    """Return (x̃_t, ε̂(x̃_t, t, c)) of every image of `batch`, each made once."""

    def make() -> tuple[Tensor, Tensor]:
        if timestep == 0:
            return batch.z0, batch.clean(0, condition)
        alpha_bar = batch.denoiser.alpha_bar
        z, epsilon = node(batch, timestep - step, step, condition)
        z = move(z, epsilon, alpha_bar[timestep - step], alpha_bar[timestep])
        return z, batch.everywhere(z, timestep, condition)

    return batch.once(("inversion", timestep, step, condition), make)
