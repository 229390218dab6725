"""Which device a torch job runs on."""

from __future__ import annotations


def choose(device: str) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`.

    Raises:
        RuntimeError: `cuda` was asked for and none is visible; a promised card is never replaced.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("measure.device is cuda, and no CUDA device is visible")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device
