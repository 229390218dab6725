"""FreMIA's frequency filter: keep a low-frequency box, damp the rest (Lian et al. 2025)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

KEPT, DAMPING = 5 / 64, 0.2  # half-width of the box as a share of the side; factor of the rest


def low_pass(values: Tensor) -> Tensor:
    """Return `values` filtered along their last two dimensions, float64.

    The filter is linear: a filtered difference is the difference of the filtered. The paper's
    box is ±5 of 64 frequencies; other sides keep the same share, at least ±1.
    """
    import torch

    box = torch.outer(*(_kept(side).to(values.device) for side in values.shape[-2:]))
    spectrum = torch.fft.fftn(values.double(), dim=(-2, -1))
    return torch.fft.ifftn(spectrum * (box + DAMPING * (1 - box)), dim=(-2, -1)).real


def _kept(side: int) -> Tensor:
    """Return 1 for each frequency inside the box, 0 outside, `(side,)`."""
    import torch

    frequency = (torch.fft.fftfreq(side) * side).abs()
    return (frequency <= max(1, round(KEPT * side))).double()
