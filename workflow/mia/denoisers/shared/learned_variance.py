"""Denoisers that answer a variance beside the noise (Nichol & Dhariwal 2021, arXiv 2102.09672)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.models.model_json import Config

if TYPE_CHECKING:
    from torch import Tensor


def require_noise_first(denoiser: Config, channels: int) -> None:
    """Raise ModelError unless it answers in as many channels as latents have, or in twice as many.

    A config without `out_channels` has as many.
    """
    out = denoiser.get("out_channels")
    known = out is None or (type(out) is int and out in (channels, 2 * channels))
    if not known:
        raise denoiser.wrong(
            "out_channels",
            f"{channels}, as in_channels, or {2 * channels}, with a variance after the noise",
        )


def noise_of(output: Tensor, channels: int) -> Tensor:
    """Return the noise estimate in an answer `(rows, channels or 2 × channels, …)`."""
    return output[:, :channels]
