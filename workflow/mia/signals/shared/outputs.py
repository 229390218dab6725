"""Several outputs of a model for each image, compared with the image and with each other.

Output d of an image is made of (seed, image, d) alone, and is kept until its batch is done. The row
of draw d compares it with the outputs before it. So a row needs the outputs 0 … d, and a job that
was interrupted makes the earlier ones again. What all pairs say together is read from the rows of
all draws: no list of them is stored, and an output where a query keeps it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.signals.shared.likeness import LIKENESS, likeness, rms, tile_rms, unit

if TYPE_CHECKING:
    from torch import Tensor

MOST = 16  # outputs of one image
ALIKE = (*LIKENESS, "rms_latent", "rms_earlier")
NEAR = tuple(f"tile_rms_to_{draw}" for draw in range(MOST - 1))
MEAN = ("l1_of_mean", "rms_of_mean", "ssim_of_mean")


@dataclass(frozen=True)
class Output:
    """One output of every image of a batch.

    Args:
        pixels: `(images, 3, height, width)` in [0, 1], float32, in the computer's own memory: a GPU
            has no room for sixteen of them.
        latent: `(images, channels, height, width)`, float32.
    """

    pixels: Tensor
    latent: Tensor


def output(latent: Tensor, decode: Callable[[Tensor], Tensor]) -> Output:
    """Return the output that a latent of every image is decoded to."""
    return Output(unit(decode(latent)).float().cpu(), latent)


def alike(image: Tensor, z0: Tensor, outputs: list[Output], row: int) -> Tensor:
    """Return `ALIKE` of the last of `outputs` of one image, `(6,)`, float64.

    Args:
        image: The image, `(3, height, width)` in [−1, 1].
        z0: Its latent, `(channels, height, width)`.
        outputs: Draws 0 … d.
        row: Of the image in `outputs`.
    """
    import torch

    *earlier, last = outputs
    own = last.pixels[row].to(image.device)[None]
    before = [rms(own, one.pixels[row].to(image.device)[None]) for one in earlier]
    spread = torch.cat(before).mean(0, keepdim=True) if before else own.new_full((1,), torch.nan)
    latent = rms(z0[None], last.latent[row][None])
    return torch.cat([likeness(unit(image)[None], own)[0], latent, spread.double()])


def near(outputs: list[Output], row: int) -> Tensor:
    """Return `NEAR` of the last of `outputs` of one image, `(15,)`, float64, NaN from d on.

    It is `tile_rms` of output d and each output before it.
    """
    import torch

    *earlier, last = outputs
    found = torch.full((len(NEAR),), torch.nan, dtype=torch.float64)
    for draw, one in enumerate(earlier):
        found[draw] = tile_rms(last.pixels[row][None], one.pixels[row][None])[0]
    return found


def of_mean(image: Tensor, outputs: list[Output], row: int) -> Tensor:
    """Return `MEAN`: what `likeness` says of the image and the mean of `outputs`, `(3,)`."""
    import torch

    mean = torch.stack([one.pixels[row] for one in outputs]).double().mean(0)
    return likeness(unit(image)[None], mean.to(image.device)[None])[0, [0, 1, 3]]


def require_draw(draw: int) -> None:
    """Raise ValueError if there are more outputs before a draw than a row has columns for."""
    if draw >= MOST:
        raise ValueError(f"draws must be at most {MOST}, got {draw + 1}")


def conditions(condition: str, guidance: float) -> tuple[str, ...]:
    """Return what the model is told at each step: guidance above 1 needs the empty caption too."""
    return (condition, "null") if guidance > 1 and condition != "null" else (condition,)


def mixed(estimates: list[Tensor], guidance: float) -> Tensor:
    """Return the estimate, or null + guidance · (caption − null) of two."""
    own, *others = estimates
    return own if not others else others[0] + guidance * (own - others[0])
