"""DiT (Peebles & Xie 2023, arXiv 2212.09748): a transformer that is told a class, not a caption."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mia.denoisers.shared.class_names import caption_mistake, class_names, class_of
from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.learned_variance import noise_of, require_noise_first
from mia.denoisers.shared.parts import VAE
from mia.denoisers.shared.sizes import latents
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import CLASS, Family, Part
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["caption_mistake", "facts", "family", "load"]

family = Family(
    pipelines=("DiTPipeline",),
    condition=CLASS,
    parts={
        "transformer": Part("diffusers", ("DiTTransformer2DModel",), older=("Transformer2DModel",)),
        "vae": VAE,
    },
    denoiser="transformer",
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, factor = latents(configs)
    require_noise_first(configs.denoiser, channels)
    count = configs.denoiser.whole("num_embeds_ada_norm")
    return {
        "resolution": side * factor,
        "latent_shape": [channels, side, side],
        "labels": class_names(configs, count),
        "class_count": count,
    }


class DiT(FamilyDenoiser):
    """The denoiser of a DiT.

    Its table of classes has one row more than there are classes. The last is the class that takes
    the place of dropped ones in training: 1000 for ImageNet's 1,000 classes.
    """

    family = family

    @property
    def null(self) -> Conditioning:
        """One row: the class after the last."""
        return self._told([self.model["class_count"]])

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return the class that each caption names, `(captions,)` int64.

        Raises:
            ModelError: A caption names none.
        """
        return self._told([class_of(self.model, caption) for caption in captions])

    def blank(self, rows: int) -> Conditioning:
        """Return the first class for each row."""
        return self._told([0] * rows)

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the transformer's noise estimate, without its variance."""
        output = self.network(x, timestep=time, class_labels=conditioning["classes"]).sample
        return noise_of(output, x.shape[1])

    def _told(self, classes: Sequence[int]) -> Conditioning:
        import torch

        numbers = torch.tensor(classes, dtype=torch.int64, device=self.device)
        return Conditioning({"classes": numbers})


load = DiT
