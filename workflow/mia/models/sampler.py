"""The scheduler of a model's own pipeline: what leads from noise to the latent of an image."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.models.component_configs import of_scheduler
from mia.models.model_configs import INDEX
from mia.models.model_json import Config, read_json

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LEARNED = ("learned", "learned_range")  # variances that a model answers behind its estimate
DDIM_PIPELINE = "DDIMPipeline"  # it samples by DDIM whatever scheduler its folder names
# Schedulers whose noise is not drawn from the generators that they are given.
OWN_NOISE = ("DPMSolverSDEScheduler", "CosineDPMSolverMultistepScheduler")


class Sampler:
    """One chain of a scheduler of diffusers, for any number of images at once.

    The latents are the scheduler's own, which need not be √ᾱ x0 + √(1−ᾱ) ε. A row depends on no
    other row. A sampler holds what its last steps answered, so each chain needs a new one.

    Args:
        scheduler: Set to its timesteps.
        channels: Of a latent.

    Raises:
        ValueError: It draws noise of its own.
    """

    def __init__(self, scheduler: Any, channels: int) -> None:
        name = type(scheduler).__name__
        if name in OWN_NOISE or scheduler.config.get("stochastic_sampling"):
            raise ValueError(
                f"{name} draws noise that depends on the batch; expected a scheduler whose noise "
                "comes from a generator, or none"
            )
        self._scheduler, self._channels = scheduler, channels
        self._reads_variance = scheduler.config.get("variance_type") in LEARNED
        self._reads_generator = "generator" in inspect.signature(scheduler.step).parameters

    def __iter__(self) -> Iterator[Tensor]:
        """Yield the times at which the model is asked, each a scalar."""
        return iter(self._scheduler.timesteps)

    def first(self, noise: Tensor) -> Tensor:
        """Return the latents that the chain starts from, of standard normal noise."""
        return noise * getattr(self._scheduler, "init_noise_sigma", 1.0)

    def asked(self, x: Tensor, time: Tensor) -> Tensor:
        """Return the latents that the model is given for those of the chain."""
        scale = getattr(self._scheduler, "scale_model_input", None)
        return scale(x, time) if scale else x

    def guided(self, caption: Tensor, null: Tensor, guidance: float) -> Tensor:
        """Return null + guidance · (caption − null); a learned variance stays the caption's."""
        import torch

        own, other = caption[:, : self._channels], null[:, : self._channels]
        mixed = other + guidance * (own - other)
        return torch.cat([mixed, caption[:, self._channels :]], dim=1)

    def stepped(
        self, output: Tensor, time: Tensor, x: Tensor, generators: Sequence[torch.Generator]
    ) -> Tensor:
        """Return the latents of the next time; those after the last time are the images'.

        Args:
            output: The model's for `asked(x, time)`.
            time: As iterated.
            x: Latents of the chain, `(rows, channels, height, width)`.
            generators: One a row, for a scheduler that adds noise.
        """
        output = output if self._reads_variance else output[:, : self._channels]
        drawn = {"generator": list(generators)} if self._reads_generator else {}
        return self._scheduler.step(output, time, x, **drawn).prev_sample


def sampler(
    model: Mapping[str, Any],
    steps: int,
    device: torch.device,
    changes: Mapping[str, Any],
    even_sigmas: bool,
) -> Sampler:
    """Return the scheduler of a model's folder, set to a number of steps.

    Args:
        model: Contents of model.json.
        steps: As the pipeline's `num_inference_steps`. Schedulers of second order, and PNDM, ask
            the model more often than that.
        device: Of the latents.
        changes: Keys of the scheduler's config that the pipeline overrides, if they are there.
        even_sigmas: Whether the pipeline tells the scheduler σ in equal steps, before any shift.
    """
    import diffusers
    import numpy as np

    folder = Path(model["folder"])
    index = read_json(folder / INDEX)
    config = of_scheduler(folder, index)
    kind = getattr(diffusers, config.get("_class_name"))
    if index.get("_class_name") == DDIM_PIPELINE:
        kind = diffusers.DDIMScheduler
    overridden = {key: value for key, value in changes.items() if key in config.defaults}
    scheduler = kind.from_config({**config.given, **overridden})
    told: dict[str, Any] = {"num_inference_steps": steps}
    if even_sigmas and not config.get("use_flow_sigmas"):
        told = {"sigmas": np.linspace(1.0, 1 / steps, steps)}
    if config.get("use_dynamic_shifting"):
        told["mu"] = shift(config, model["latent_shape"])
    scheduler.set_timesteps(**told, device=device)
    return Sampler(scheduler, model["latent_shape"][0])


# The line of `shift`, where a scheduler's config says no other: tokens, then μ, of two sizes.
LINE = {
    "base_image_seq_len": 256,
    "max_image_seq_len": 4096,
    "base_shift": 0.5,
    "max_shift": 1.15,
}


def shift(scheduler: Config, latent_shape: Sequence[int]) -> float:
    """Return μ, by which a scheduler of flow matching moves its times for large images.

    It is a line in the number of tokens, each of 2 × 2 latents (Esser et al. 2024, arXiv
    2403.03206, section 5.3.2).

    Args:
        scheduler: Its config.
        latent_shape: Channels, height and width.
    """
    _, height, width = latent_shape
    found = [scheduler.get(key) for key in LINE]
    few, many, low, high = (
        usual if value is None else value for value, usual in zip(found, LINE.values(), strict=True)
    )
    return low + (high - low) / (many - few) * ((height // 2) * (width // 2) - few)
