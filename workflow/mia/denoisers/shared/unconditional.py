"""What models share that are told nothing of an image: a U-Net of a latent and a timestep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.sizes import require_no_more_inputs
from mia.models.conditioning import Conditioning
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    from torch import Tensor

# Schedulers read the second half of a U-Net's channels as a variance under these names alone.
LEARNED = ("learned", "learned_range")
MORE_INPUTS = {"class_embed_type": "a class", "num_class_embeds": "a class"}


def require_unconditional(configs: Configs, channels: int) -> None:
    """Raise ModelError unless the U-Net reads latents alone and answers in as many channels.

    With a learned variance (Nichol & Dhariwal 2021, arXiv 2102.09672) it has twice as many.
    """
    unet, variance = configs.denoiser, configs.scheduler.get("variance_type")
    require_no_more_inputs(unet, MORE_INPUTS)
    answered = unet.whole("out_channels")
    if answered == channels or (answered == 2 * channels and variance in LEARNED):
        return
    raise unet.wrong(
        "out_channels",
        f"{channels}, as in_channels, or {2 * channels} where the scheduler's variance_type is "
        f"{' or '.join(LEARNED)}",
    )


class UnconditionalDenoiser(FamilyDenoiser):
    """The denoiser of a model that is told nothing: its null is the empty conditioning."""

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Raise ValueError: no caption can be told."""
        raise ValueError(
            f"{self.family.pipelines[0]} is told nothing of an image, so there is no condition "
            "`caption`; expected `null`"
        )

    @property
    def null(self) -> Conditioning:
        """The empty conditioning, for any number of rows."""
        return Conditioning()

    def blank(self, rows: int) -> Conditioning:
        """Return the empty conditioning."""
        return Conditioning()

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's output; of a learned variance the first half, which is the mean's."""
        return self.whole_answer(x, time, conditioning)[:, : x.shape[1]]

    def whole_answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's output."""
        return self.network(x, time).sample
