"""What model.json and vae.json hold, as types: `mia.models.folder` finds it out."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class VaeFiles(TypedDict):
    """What makes latents of pixels: its class, where it lies, sha256 of its files, its numbers.

    `kind` is a class of diffusers, or `pixels` where pixels are the latents. `latents_mean` and
    `latents_std` are one number a channel, where the autoencoder's config has them.
    """

    kind: str
    folder: str
    variant: str | None
    files: dict[str, str]
    factor: int
    channels: int
    scaling_factor: float
    shift_factor: float
    latents_mean: NotRequired[list[float]]
    latents_std: NotRequired[list[float]]


class Vae(VaeFiles):
    """The same, and what it is given: the side in pixels of the images, and how they are prepared.

    `preparation` is `centre` where it is not there (`mia.images.squares`).
    """

    resolution: int
    preparation: NotRequired[str]


class Facts(TypedDict):
    """What a family reads from the JSON files of a model's folder.

    Of a model that is told a class, `class_count` is the number of classes, and `labels` are the
    classes that bear each name. `zero_null` says whether the model is told zeros where no caption
    is given, or the empty caption, encoded. `whole_times` says whether the scheduler of a model of
    flow matching makes whole numbers of times.
    """

    resolution: int
    latent_shape: list[int]
    class_count: NotRequired[int]
    labels: NotRequired[dict[str, list[int]]]
    zero_null: NotRequired[bool]
    whole_times: NotRequired[bool]


class Configured(Facts):
    """What the JSON files of a model's folder say, without its weights.

    `caption_lengths` are in tokens, by tokenizer; `options` are the family's own keys.
    """

    family: str
    condition: str
    prediction_type: str
    alpha_bar: list[float]
    sigma_data: NotRequired[float]
    caption_lengths: dict[str, int]
    options: dict[str, Any]


class Description(Configured):
    """What the pipeline needs to know of a model; `weights` is one sha256 of all `files`.

    `tensors` are the names of the denoiser's parameter tensors, in the order of its module.
    """

    folder: str
    classes: dict[str, str]
    variants: dict[str, str | None]
    files: dict[str, str]
    weights: str
    tensors: list[str]
    vae: Vae


class ModelJson(Description):
    """model.json: a description under the model's name, beside its block of the config.

    `adapter` is name and sha256 of the adapter's file, where one is merged into the model.
    """

    name: str
    adapter: NotRequired[dict[str, str]]
