"""The toy denoiser with weights: gradients of its loss can be worked out by hand."""

from __future__ import annotations

import torch

from toy import ToyDenoiser


class WeightedToy(ToyDenoiser):
    """ε̂(z, t, c) = a z + 0.001 t + word(c) + b: `scale` a is one number, `shift` b one a channel.

    `spare` is a weight that nothing reads.
    """

    tensors = ("scale", "shift", "spare")

    def __init__(self, scale=0.5, shift=(0.1, -0.2)):
        self.weights = torch.nn.Module()
        for name, values in zip(self.tensors, (scale, shift, (1.0, 2.0)), strict=True):
            self.weights.register_parameter(name, torch.nn.Parameter(torch.tensor(values)))
        self.weights.requires_grad_(False)

    def epsilon(self, z, timestep, conditioning):
        word = conditioning["states"].view(-1, 1, 1, 1)
        line = self.weights.scale * z + self.weights.shift.view(-1, 1, 1)
        return line + 0.001 * timestep.view(-1, 1, 1, 1).float() + word
