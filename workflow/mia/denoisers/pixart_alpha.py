"""PixArt-α (Chen et al. 2024, arXiv 2310.00426): captions of 120 tokens of T5, by a transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mia.denoisers.shared.pixart import PixArt, pixart_facts, pixart_family

if TYPE_CHECKING:
    from torch import Tensor

family = pixart_family("PixArtAlphaPipeline", 120)
facts = pixart_facts


class PixArtAlpha(PixArt):
    """The denoiser of a PixArt-α.

    The model of 1,024 pixels is told height, width and their ratio. They are constant here: those
    of the square that it is asked about, whatever size an image's file has.
    """

    family = family

    def sizes(self, x: Tensor) -> dict[str, Any]:
        """Return resolution `(rows, 2)` and aspect ratio `(rows, 1)`, where they are asked for."""
        if not self.part("transformer").use_additional_conditions:
            return super().sizes(x)
        side = float(self.model["resolution"])
        return {"resolution": x.new_full((len(x), 2), side), "aspect_ratio": x.new_ones(len(x), 1)}


load = PixArtAlpha
