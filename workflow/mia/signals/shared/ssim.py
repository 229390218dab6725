"""Structural similarity of grey images (Wang et al. 2004, eq. 13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # of pixels in [0, 1]
LUMA = (0.299, 0.587, 0.114)


def grey(pictures: Tensor) -> Tensor:
    """Return the luma `(rows, 1, …)` of RGB images `(rows, 3, height, width)` (ITU-R BT.601)."""
    weights = pictures.new_tensor(LUMA).view(1, 3, 1, 1)
    return (pictures * weights).sum(1, keepdim=True)


def ssim(one: Tensor, other: Tensor) -> Tensor:
    """Return the mean SSIM over all places where the Gaussian window lies inside the image.

    Args:
        one, other: `(rows, 1, height, width)`, float64 in [0, 1], sides of at least 11 pixels.

    Returns:
        `(rows,)`, in [−1, 1]; 1 for equal images.
    """
    import torch

    place = torch.arange(WINDOW, device=one.device) - WINDOW // 2
    line = torch.exp(-(place**2) / (2 * SIGMA**2)).to(one.dtype)
    window = torch.outer(line, line)[None, None] / line.sum() ** 2

    def mean(values: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(values, window)

    mean_one, mean_other = mean(one), mean(other)
    var_one = mean(one * one) - mean_one**2
    var_other = mean(other * other) - mean_other**2
    covariance = mean(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + C1) / (mean_one**2 + mean_other**2 + C1)
    structure = (2 * covariance + C2) / (var_one + var_other + C2)
    return (luminance * structure).flatten(1).mean(1)
