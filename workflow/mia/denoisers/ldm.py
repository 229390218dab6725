"""Latent diffusion without captions: `LDMPipeline` (Rombach et al. 2022, arXiv 2112.10752).

A VQModel makes the latents; they are not quantised where noise is added. The models of CompVis were
trained on them as they are. diffusers' default scaling factor is Stable Diffusion's, so the factor
counts only where the VQModel's own file names one (`mia.models.vae_block`).
"""

from __future__ import annotations

from mia.denoisers.shared.parts import UNET_2D
from mia.denoisers.shared.sizes import latents
from mia.denoisers.shared.unconditional import UnconditionalDenoiser, require_unconditional
from mia.models.description import Facts
from mia.models.family import NONE, Family, Part
from mia.models.model_configs import Configs

family = Family(
    pipelines=("LDMPipeline",),
    condition=NONE,
    parts={"unet": UNET_2D, "vqvae": Part("diffusers", ("VQModel", "AutoencoderKL"))},
    autoencoder="vqvae",
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, factor = latents(configs)
    require_unconditional(configs, channels)
    return {"resolution": side * factor, "latent_shape": [channels, side, side]}


class Ldm(UnconditionalDenoiser):
    """The denoiser of a latent diffusion model without captions."""

    family = family


load = Ldm
