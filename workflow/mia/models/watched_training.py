"""What a training tells of its progress, watched from outside.

The code that trains is part of every trained model's key in the ledger. So it tells nothing itself:
hooks of torch count its steps and read its loss. They change no number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

from mia.progress import EVERY, Progress


@contextmanager
def epochs_told(
    unet: torch.nn.Module, images: int, settings: Mapping[str, Any], every: float = EVERY
) -> Iterator[None]:
    """Tell epoch, time left and loss of a training (`training.diffusion`) in the block.

    The loss is that of the batch at hand. It follows from the gradient that reaches the U-Net's
    output: of a mean of n squares it is 2/n times the errors, so that the loss is n/4 times the sum
    of its squares.

    Args:
        unet: Is trained; called once a step, in training mode, and otherwise in evaluation mode.
        images: How many it learns from.
        settings: Its `epochs` and `batch_size`.
        every: Seconds between two lines.
    """
    steps = math.ceil(images / settings["batch_size"])
    progress = Progress(steps * settings["epochs"], every)

    def tell(gradient: Tensor) -> None:
        loss = gradient.numel() / 4 * gradient.double().square().sum().item()
        epoch = math.ceil(progress.done / steps)
        progress.tell(f"epoch {epoch} of {settings['epochs']}", f"loss {loss:.3g}")

    def count(module: torch.nn.Module, _: Any, output: Any) -> None:
        if module.training:
            progress.done += 1
            if progress.is_due:
                output.sample.register_hook(tell)

    hook = unet.register_forward_hook(count)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def steps_told(steps: int, every: float = EVERY) -> Iterator[None]:
    """Tell step and time left of whatever is trained with one optimiser in the block."""
    progress = Progress(steps, every)

    def count(*_: Any) -> None:
        progress.done += 1
        if progress.is_due:
            progress.tell(f"step {progress.done} of {steps}")

    hook = register_optimizer_step_post_hook(count)
    try:
        yield
    finally:
        hook.remove()
