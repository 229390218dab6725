"""What a denoiser is told besides a latent and a timestep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

STATES = "states"  # the sequence that the denoiser attends to


@dataclass(frozen=True)
class Conditioning:
    """Named tensors with one row per image; none where the model is told nothing.

    Args:
        tensors: Such as `states` `(rows, tokens, width)`, `pooled` `(rows, width)`, `mask`
            `(rows, tokens)`, `time_ids` `(rows, 6)` and `classes` `(rows,)`.
    """

    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Tensor:
        """Return the tensor called `name`."""
        return self.tensors[name]

    def rows(self, chosen: Tensor | slice) -> Conditioning:
        """Return the rows at `chosen`."""
        return Conditioning({name: tensor[chosen] for name, tensor in self.tensors.items()})

    def repeated(self, count: int) -> Conditioning:
        """Return the only row `count` times, without a copy."""
        return Conditioning(
            {name: tensor.expand(count, *tensor.shape[1:]) for name, tensor in self.tensors.items()}
        )

    def to(self, device: torch.device | str) -> Conditioning:
        """Return the same on a device."""
        return Conditioning({name: tensor.to(device) for name, tensor in self.tensors.items()})

    def merged(self, other: Conditioning) -> Conditioning:
        """Return the tensors of both; those of `other` where a name is in both."""
        return Conditioning({**self.tensors, **other.tensors})

    def shifted(self, noise: Tensor) -> Conditioning:
        """Return the same with `noise`, of the shape of `states`, added to `states`."""
        return self.merged(Conditioning({STATES: self[STATES] + noise}))

    @staticmethod
    def joined(parts: Sequence[Conditioning]) -> Conditioning:
        """Return the rows of all parts, one after the other."""
        import torch

        names = parts[0].tensors
        return Conditioning({name: torch.cat([part[name] for part in parts]) for name in names})
