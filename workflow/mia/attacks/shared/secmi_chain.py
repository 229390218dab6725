"""Which nodes of the deterministic chain 0, k, 2k, … SecMI can compare at."""

from __future__ import annotations


def require_node(timestep: int, step: int) -> None:
    """Raise ValueError unless `timestep` is a node of the chain, with another above it."""
    if timestep % step or timestep + step > 999:
        raise ValueError(
            f"timestep must be a multiple of step {step} and below {1000 - step}, got {timestep}"
        )
