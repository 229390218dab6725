"""Checks of the shapes that JSON files of several families name."""

from __future__ import annotations

from collections.abc import Mapping

from mia.models.component_configs import flat
from mia.models.model_configs import Configs
from mia.models.model_json import Config
from mia.models.vae_block import check_vae, factor

OTHER_USES = {
    5: "it reads a depth map too",
    7: "it enlarges an image",
    8: "it edits an image (InstructPix2Pix)",
    9: "it is an inpainting model, which reads a mask and an image too",
}
# Keys that make a U-Net ask for more than latents, a timestep and a caption's states.
MORE_INPUTS = {
    "addition_embed_type": "sizes and a pooled caption, as SDXL has, or the like",
    "class_embed_type": "a class",
    "num_class_embeds": "a class",
    "encoder_hid_dim": "states of another encoder",
    "encoder_hid_dim_type": "states of another encoder",
    "time_cond_proj_dim": "a guidance scale: it is distilled, as LCM is",
}


def latents(configs: Configs) -> tuple[int, int, int]:
    """Return channels of the latents, latents a side, and pixels of one latent's side.

    Raises:
        ModelError: The denoiser is for other latents than the autoencoder's, or for no square.
    """
    denoiser, vae = configs.denoiser, configs.autoencoder
    if vae is None:
        return denoiser.whole("in_channels"), side(denoiser), 1
    kind = configs.classes[str(configs.family.autoencoder)]
    channels = check_vae(kind, vae)
    if (found := denoiser.whole("in_channels")) != channels:
        known = OTHER_USES.get(found, "the two do not belong together")
        raise denoiser.wrong(
            "in_channels", f"{channels}, which is latent_channels of {vae.path}: {known}"
        )
    return channels, side(denoiser), factor(kind, vae)


def require_out_channels(denoiser: Config, expected: int) -> None:
    """Raise ModelError unless the denoiser answers in that many channels."""
    if denoiser.whole("out_channels") != expected:
        like = ", as in_channels" if expected == denoiser.get("in_channels") else ""
        raise denoiser.wrong("out_channels", f"{expected}{like}")


def require_no_more_inputs(unet: Config, inputs: Mapping[str, str] = MORE_INPUTS) -> None:
    """Raise ModelError if a U-Net asks for something that is not given here."""
    for key, wish in inputs.items():
        if unet.get(key) is not None:
            raise unet.wrong(key, f"null: this U-Net asks for {wish}; none is given here")


def require_width(denoiser: Config, key: str, width: int, of: str) -> None:
    """Raise ModelError unless each number under `key` is `width`, which `of` names."""
    widths = list(flat(denoiser.get(key)))
    if not widths or any(each != width for each in widths):
        raise denoiser.wrong(key, f"{width}, which is {of}")


def side(denoiser: Config, key: str = "sample_size") -> int:
    """Return the latents a side, of a number or of two equal ones."""
    expected = "the side of square latents, such as 64 for images of 512 pixels"
    sides = list(flat(denoiser.get(key)))
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in sides)
    if not whole or not 1 <= len(sides) <= 2 or len(set(sides)) != 1 or sides[0] < 1:
        raise denoiser.wrong(key, expected)
    return sides[0]
