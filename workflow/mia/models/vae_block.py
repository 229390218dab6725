"""What model.json and vae.json say of an autoencoder, from its config and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mia.file_hash import file_hash
from mia.models.autoencoder import BLOCKS, MOVQ, PIXELS
from mia.models.component_configs import of_diffusers
from mia.models.description import VaeFiles
from mia.models.model_json import Config
from mia.models.weight_files import Weights, find

STATISTICS = ("latents_mean", "latents_std")


def describe_vae(folder: Path, variant: str | None = None) -> VaeFiles:
    """Return the block of the `AutoencoderKL` in a folder.

    Raises:
        ModelError: A file is missing, or its config cannot be.
    """
    config = of_diffusers(folder, "AutoencoderKL")
    check_vae("AutoencoderKL", config)
    return vae_block("AutoencoderKL", config, find(folder, variant))


def vae_block(kind: str, config: Config, weights: Weights) -> VaeFiles:
    """Return the block of an autoencoder of class `kind`.

    A VQModel's scaling factor counts only where its file names one: those models were trained
    without, and diffusers' default is Stable Diffusion's. A MoVQ's never counts, as in its pipeline
    (`KandinskyV22Pipeline`), though diffusers has written the default into its file.
    """
    found: dict[str, Any] = {
        "kind": kind,
        "folder": str(config.path.parent),
        "variant": weights.variant,
        "files": {path.name: file_hash(path) for path in [config.path, *weights.files]},
        "factor": factor(kind, config),
        "channels": latent_channels(kind, config),
        "scaling_factor": _scaling_factor(kind, config),
        "shift_factor": config.get("shift_factor") or 0.0,
    }
    found |= {key: config.get(key) for key in STATISTICS if config.get(key) is not None}
    return found  # type: ignore[return-value]


def _scaling_factor(kind: str, config: Config) -> float:
    if kind != "VQModel":
        return config.get("scaling_factor")
    return 1.0 if config.get("norm_type") == MOVQ else config.given.get("scaling_factor", 1.0)


def latent_channels(kind: str, config: Config) -> int:
    """Return the channels of the latents; a VQModel's have the width of its codebook.

    Raises:
        ModelError: They are no whole number.
    """
    own = kind == "VQModel" and config.get("vq_embed_dim") is not None
    return config.whole("vq_embed_dim" if own else "latent_channels")


def pixels_block(folder: Path, channels: int) -> VaeFiles:
    """Return the block of a model whose latents are pixels."""
    return {
        "kind": PIXELS,
        "folder": str(folder),
        "variant": None,
        "files": {},
        "factor": 1,
        "channels": channels,
        "scaling_factor": 1.0,
        "shift_factor": 0.0,
    }


def factor(kind: str, config: Config) -> int:
    """Return the pixels per side of one latent: each block but the last halves."""
    return 2 ** (len(config.get(BLOCKS[kind])) - 1)


def check_vae(kind: str, config: Config) -> int:
    """Return the number of latent channels of a config that can be.

    Raises:
        ModelError: It cannot; the message names the key and what was expected.
    """
    for key in ("in_channels", "out_channels"):
        known = key in config.given or key in config.defaults
        if known and config.whole(key) != 3:
            raise config.wrong(key, "3, for red, green and blue")
    key = BLOCKS[kind]
    blocks = config.get(key)
    if not isinstance(blocks, list | tuple) or not 1 <= len(blocks) <= 10:
        raise config.wrong(key, "a list of 1 to 10 widths")
    if config.get("scaling_factor") is None or config.number("scaling_factor") == 0:
        raise config.wrong("scaling_factor", "a number that is not 0")
    if config.get("shift_factor") is not None:
        config.number("shift_factor")
    channels = latent_channels(kind, config)
    for key in STATISTICS:
        numbers = config.get(key)
        if numbers is not None and not (isinstance(numbers, list) and len(numbers) == channels):
            raise config.wrong(key, f"{channels} numbers, as latent_channels")
    return channels
