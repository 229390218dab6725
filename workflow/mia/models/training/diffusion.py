"""Train a diffusion model on the members: from nothing, or from a base model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mia.models.training.material import Captions, Latents, NoCaptions, Pixels
from mia.models.training.noising import noising


def train_diffusion(
    pipeline: Any,
    pixels: Tensor,
    captions: Sequence[str],
    settings: Mapping[str, Any],
    keep: Callable[[int, Any], None],
    device: str = "cpu",
) -> None:
    """Train for `settings["epochs"]` passes and hand over the pipeline at every epoch to be kept.

    Noise, timesteps, latents (sampled from the posterior) and dropped captions come from one
    generator seeded with `settings["seed"]`, the same on every device; the number of torch threads
    is the caller's. The schedule and what the U-Net predicts are the pipeline's. Its VAE stays as
    it is, and so does its text encoder where `settings["text_encoder"]` is false.

    Args:
        pipeline: Trained in place, float32: with a VAE or without, with a text encoder or without.
        pixels: The members, `(images, 3, height, width)`, float32 in [−1, 1].
        captions: One caption each; not looked at by a pipeline without a text encoder.
        settings: A completed `training` block of the config, with `seed`.
        keep: Called with the epoch and the pipeline after each epoch of `settings["keep"]`.
        device: `cpu` or `cuda:n`.
    """
    generator = torch.Generator().manual_seed(settings["seed"])
    pipeline.to(device)
    unet, text_encoder = pipeline.unet, getattr(pipeline, "text_encoder", None)
    learning = [unet]
    if text_encoder is not None:
        learns = settings.get("text_encoder", True)
        text_encoder.requires_grad_(learns)
        learning += [text_encoder] * learns
    images, texts = _images(pipeline, pixels, device), _texts(pipeline, captions, settings)
    noised = noising(pipeline.scheduler, device)
    weights = [weight for module in learning for weight in module.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=settings["learning_rate"])

    def draw(function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        return function(*arguments, generator=generator).to(device)

    _train_mode(learning, True)
    for epoch in range(1, settings["epochs"] + 1):
        order = torch.randperm(len(pixels), generator=generator)
        for chosen in order.split(settings["batch_size"]):
            z0 = images.clean(chosen, draw)
            noise = draw(torch.randn, z0.shape)
            z, time, wanted = noised(z0, noise, draw)
            output = unet(z, time, **texts.told(chosen, draw)).sample
            loss = (output - wanted).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
        if epoch in settings["keep"]:
            _train_mode(learning, False)
            keep(epoch, pipeline)
            _train_mode(learning, True)


def _images(pipeline: Any, pixels: Tensor, device: str) -> Latents | Pixels:
    vae = getattr(pipeline, "vae", None) or getattr(pipeline, "vqvae", None)
    return Pixels(pixels, device) if vae is None else Latents(vae, pixels)


def _texts(
    pipeline: Any, captions: Sequence[str], settings: Mapping[str, Any]
) -> Captions | NoCaptions:
    if (text_encoder := getattr(pipeline, "text_encoder", None)) is None:
        return NoCaptions()
    return Captions(pipeline.tokenizer, text_encoder, captions, settings["caption_dropout"])


def _train_mode(modules: Sequence[torch.nn.Module], on: bool) -> None:
    for module in modules:
        module.train(on)
