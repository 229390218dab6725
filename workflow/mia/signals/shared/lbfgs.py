"""L-BFGS on many problems side by side, each of which is solved as if it were alone.

Directions are those of Nocedal's two loops (Nocedal & Wright 2006, algorithm 7.4). A step that does
not decrease the value enough (Armijo, 1e-4) is halved. Until a row has met any curvature, it goes
along its gradient, each step twice as long as the last. Each row has its own steps, differences and
scale, so that no row depends on others. As many values are asked for in all as are allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ENOUGH = 1e-4  # of the decrease that the slope promises
CURVED = 1e-5  # least change of the slope along a step, as a share of it: less may be rounding
TINY = 1e-300


def minimised(
    value: Callable[[Tensor], tuple[Tensor, Tensor]], start: Tensor, evaluations: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the best point of each row, its value, and the value at `start`.

    The first step has length 1.

    Args:
        value: Points `(rows, numbers)`, float64, to values `(rows,)` and gradients of the shape of
            the points, float64. A row of each depends on that row of the points alone.
        start: Points, `(rows, numbers)`, float64.
        evaluations: Calls of `value`, 1 or more.
    """
    import torch

    x = start
    f, g = value(x)
    first, known = f, []
    direction, step = -g, 1 / _norm(g)
    for _ in range(evaluations - 1):
        slope = (direction * g).sum(1)
        move = step[:, None] * direction
        f_new, g_new = value(x + move)
        taken = f_new <= f + ENOUGH * step * slope
        known.append(_pair(move, g_new - g, torch.where(taken, -CURVED * step * slope, torch.inf)))
        x = torch.where(taken[:, None], x + move, x)
        f, g = torch.where(taken, f_new, f), torch.where(taken[:, None], g_new, g)
        curved = torch.stack([inverse > 0 for _, _, inverse in known]).any(0)
        onward = torch.where(curved[:, None], _direction(g, known), -g)
        length = torch.where(curved, torch.ones_like(step), 2 * _norm(move) / _norm(g))
        direction = torch.where(taken[:, None], onward, direction)
        step = torch.where(taken, length, step / 2)
    return x, f, first


def _pair(s: Tensor, y: Tensor, least: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return step, change of the gradient and 1/⟨s, y⟩, 0 where ⟨s, y⟩ is not above `least`."""
    import torch

    product = (s * y).sum(1)
    return s, y, torch.where(product > least, 1 / product, torch.zeros_like(product))


def _direction(g: Tensor, known: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Return minus the inverse Hessian's estimate times `g`."""
    import torch

    q, weights = g, []
    for s, y, inverse in reversed(known):
        weights.append(inverse * (s * q).sum(1))
        q = q - weights[-1][:, None] * y
    scale = torch.ones_like(q[:, 0])
    for _, y, inverse in known:
        curvature = 1 / (inverse * (y * y).sum(1)).clamp_min(TINY)
        scale = torch.where(inverse > 0, curvature, scale)
    q = scale[:, None] * q
    for (s, y, inverse), weight in zip(known, reversed(weights), strict=True):
        q = q + (weight - inverse * (y * q).sum(1))[:, None] * s
    return -q


def _norm(vectors: Tensor) -> Tensor:
    return vectors.norm(dim=1).clamp_min(TINY)
