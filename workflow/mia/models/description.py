"""What model.json and vae.json hold, as types: `mia.models.folder` finds it out."""

from __future__ import annotations

from typing import TypedDict


class VaeFiles(TypedDict):
    """A VAE: where it lies, sha256 of its files, and how it makes latents of pixels."""

    folder: str
    variant: str | None
    files: dict[str, str]
    factor: int
    channels: int
    scaling_factor: float
    shift_factor: float


class Vae(VaeFiles):
    """A VAE and the side in pixels of the images that it is given."""

    resolution: int


class Configured(TypedDict):
    """What the JSON files of a model's folder say, without its weights."""

    family: str
    prediction_type: str
    alpha_bar: list[float]
    resolution: int
    latent_shape: list[int]
    caption_length: int


class Description(Configured):
    """What the pipeline needs to know of a model; `weights` is one sha256 of all `files`."""

    folder: str
    variants: dict[str, str | None]
    files: dict[str, str]
    weights: str
    vae: Vae


class ModelJson(Description):
    """model.json: a description under the model's name, beside its block of the config."""

    name: str
