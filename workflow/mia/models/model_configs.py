"""What the JSON files of a model folder say together, before a weight is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mia.models.component_configs import flat, of_diffusers, of_scheduler, of_text_encoder
from mia.models.model_json import Config, ModelError, read_json, shown

# Library and class of each component of a Stable Diffusion pipeline; no other is ever loaded.
CLASSES = {
    "text_encoder": ("transformers", ("CLIPTextModel",)),
    "tokenizer": ("transformers", ("CLIPTokenizer", "CLIPTokenizerFast")),
    "unet": ("diffusers", ("UNet2DConditionModel",)),
    "vae": ("diffusers", ("AutoencoderKL",)),
}
LARGEST = 8192  # pixels a side
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


@dataclass(frozen=True)
class Configs:
    """Configs of the components, and what they say together.

    Args:
        resolution, latent_shape: As in model.json; the resolution in pixels.
    """

    text_encoder: Config
    unet: Config
    vae: Config
    scheduler: Config
    resolution: int
    latent_shape: tuple[int, int, int]


def read_configs(folder: Path) -> Configs:
    """Return the configs of a model folder, compared with each other.

    Raises:
        ModelError: A file is missing or no JSON object, a component is of an unknown class, or two
            files contradict each other.
    """
    index_path = folder / "model_index.json"
    index = read_json(index_path)
    for part, (library, classes) in CLASSES.items():
        expected = f"{shown([library, classes[0]])}"
        entry = index.get(part)
        if not (isinstance(entry, list) and len(entry) == 2):
            raise ModelError(f"{index_path}: {part}: {shown(entry)}; expected {expected}")
        if entry[0] != library or entry[1] not in classes:
            raise ModelError(
                f"{index_path}: {part}: {shown(entry)} is no known class; expected {expected}"
            )
    unet, vae = (of_diffusers(folder / part, CLASSES[part][1][0]) for part in ("unet", "vae"))
    text_encoder, scheduler = of_text_encoder(folder), of_scheduler(folder, index)
    latent_channels = _check_vae(vae)
    _check_unet(unet, vae, text_encoder, latent_channels)
    side = _side(unet)
    resolution = side * factor(vae)
    if resolution > LARGEST:
        raise unet.wrong("sample_size", f"images of at most {LARGEST:,} pixels a side")
    return Configs(text_encoder, unet, vae, scheduler, resolution, (latent_channels, side, side))


def read_vae(folder: Path) -> Config:
    """Return the checked config of a VAE's folder."""
    vae = of_diffusers(folder, "AutoencoderKL")
    _check_vae(vae)
    return vae


def factor(vae: Config) -> int:
    """Return the pixels per side of one latent: each block but the last halves."""
    return 2 ** (len(vae.get("block_out_channels")) - 1)


def _check_vae(vae: Config) -> int:
    """Return the number of latent channels."""
    for key in ("in_channels", "out_channels"):
        if vae.whole(key) != 3:
            raise vae.wrong(key, "3, for red, green and blue")
    blocks = vae.get("block_out_channels")
    if not isinstance(blocks, list | tuple) or not 1 <= len(blocks) <= 10:
        raise vae.wrong("block_out_channels", "a list of 1 to 10 widths")
    if vae.number("scaling_factor") == 0:
        raise vae.wrong("scaling_factor", "a number that is not 0")
    if vae.get("shift_factor") is not None:
        vae.number("shift_factor")
    return vae.whole("latent_channels")


def _check_unet(unet: Config, vae: Config, text_encoder: Config, latent_channels: int) -> None:
    channels = unet.whole("in_channels")
    if channels != latent_channels:
        known = OTHER_USES.get(channels, "the two do not belong together")
        raise unet.wrong(
            "in_channels", f"{latent_channels}, which is latent_channels of {vae.path}: {known}"
        )
    if unet.whole("out_channels") != channels:
        raise unet.wrong("out_channels", f"{channels}, as in_channels")
    for key, wish in MORE_INPUTS.items():
        if unet.get(key) is not None:
            raise unet.wrong(key, f"null: this U-Net asks for {wish}; none is given here")
    width = text_encoder.whole("hidden_size")
    widths = list(flat(unet.get("cross_attention_dim")))
    if not widths or any(each != width for each in widths):
        raise unet.wrong(
            "cross_attention_dim", f"{width}, which is hidden_size of {text_encoder.path}"
        )


def _side(unet: Config) -> int:
    """Return the latents a side, of a number or of two equal ones."""
    expected = "the side of square latents, such as 64 for images of 512 pixels"
    sides = list(flat(unet.get("sample_size")))
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
    if not whole or not 1 <= len(sides) <= 2 or len(set(sides)) != 1 or sides[0] < 1:
        raise unet.wrong("sample_size", expected)
    return sides[0]
