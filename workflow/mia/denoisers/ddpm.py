"""Diffusion of the pixels themselves, without captions: `DDPMPipeline` and `DDIMPipeline`.

Pixels in [−1, 1] are the latents (Ho et al. 2020, arXiv 2006.11239). The scheduler's `clip_sample`
and `thresholding` change what is sampled, not what the U-Net answers; they are not read here.
"""

from __future__ import annotations

from mia.denoisers.shared.parts import UNET_2D
from mia.denoisers.shared.sizes import latents
from mia.denoisers.shared.unconditional import UnconditionalDenoiser, require_unconditional
from mia.models.description import Facts
from mia.models.family import NONE, Family
from mia.models.model_configs import Configs

family = Family(
    pipelines=("DDPMPipeline", "DDIMPipeline"),
    condition=NONE,
    parts={"unet": UNET_2D},
    autoencoder=None,
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, _ = latents(configs)
    if channels != 3:
        raise configs.denoiser.wrong("in_channels", "3, for red, green and blue")
    require_unconditional(configs, channels)
    return {"resolution": side, "latent_shape": [channels, side, side]}


class Ddpm(UnconditionalDenoiser):
    """The denoiser of a DDPM in pixels."""

    family = family


load = Ddpm
