"""What signals ask of a model family; nothing else in the pipeline knows its architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from mia.models.conditioning import Conditioning
    from mia.models.sampler import Sampler


class Denoiser(Protocol):
    """A diffusion model, queried for its noise estimate.

    Attributes:
        alpha_bar: ᾱ_t, `(1000,)`, float64, on the device. It is the training schedule; for a model
            of flow matching, whose noise levels are continuous, it is Stable Diffusion's.
        latent_shape: `(channels, height, width)` of one latent.
    """

    alpha_bar: Tensor
    latent_shape: tuple[int, int, int]

    def blank(self, rows: int) -> Conditioning:
        """Return a conditioning of zeros in the shapes that the model expects."""

    @property
    def null(self) -> Conditioning:
        """One row: what the family is told where no caption is given."""

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return what the model is told of each caption, one row each."""

    def of_images(
        self, conditioning: Conditioning, sizes: Sequence[tuple[int, int]]
    ) -> Conditioning:
        """Return the conditioning with what the model is told of the images themselves.

        Args:
            conditioning: One row per image.
            sizes: Height and width in pixels of each image's file; none if they are not known.
        """

    def epsilon(self, z: Tensor, timestep: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the noise estimate ε̂(z, t, c), whatever the model predicts.

        Args:
            z: √ᾱ_t x0 + √(1−ᾱ_t) ε, `(rows, channels, height, width)`, float32.
            timestep: `(rows,)`, integers in 0…999.
            conditioning: One row each.

        Returns:
            float32, the shape of `z`. A row depends on no other row beyond rounding. Where
            gradients are enabled, they reach `z` and, if they are asked for, `weights`.
        """

    @property
    def weights(self) -> Any:
        """The torch module that `epsilon` calls, frozen: what gradients to its weights are of."""

    def sampler(self, steps: int) -> Sampler:
        """Return a new chain of the scheduler of the model's own pipeline, of that many steps."""

    def output(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the model's own output, as the scheduler of its pipeline reads it.

        Args:
            x: What the sampler hands the model, `(rows, channels, height, width)`, float32.
            time: `(rows,)`, as the sampler has it.
            conditioning: One row each.

        Returns:
            float32, `(rows, channels or twice as many, height, width)`: a learned variance lies
            behind the estimate.
        """


class PartedDenoiser(Denoiser, Protocol):
    """A denoiser whose parts are loaded when they are used, and can be dropped.

    Attributes:
        text_encoders: Names of the parts that turn captions into tensors.
        queried: Names of the parts that `epsilon` uses.
    """

    text_encoders: tuple[str, ...]
    queried: tuple[str, ...]

    def drop(self, parts: Sequence[str]) -> bool:
        """Forget parts until they are used again; return whether one of them was loaded."""
