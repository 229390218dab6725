"""The image encoder of `audit.embedding`, as signals compare outputs with images by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.file_hash import file_hash
from mia.fingerprint import fingerprint
from mia.models.clip_folder import CONFIG, PREPARATION
from mia.models.clip_image import Embedder

if TYPE_CHECKING:
    from torch import Tensor


class ImageEncoder:
    """Embeds one image at a time, of any size.

    Args:
        spec: `path`, a folder in the hub's format, and `sha256`, that of its weights.
        device: `cpu` or `cuda:n`, that of the model whose outputs are embedded.
        threads: Torch threads.

    Raises:
        ModelError: As `mia.models.clip_image.Embedder`.
    """

    def __init__(self, spec: Mapping[str, Any], device: str, threads: int) -> None:
        self._embedder = Embedder(dict(spec), "cpu", threads)  # on `cuda` it takes a free GPU
        self._embedder.model.to(device)
        self._embedder.device = device

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return the embedding of an image, `(dimension,)`, float64 of length 1, on the CPU.

        It is brought to the encoder's size on the CPU, bicubic and antialiased.

        Args:
            pixels: `(3, size, size)` in about [−1, 1].
        """
        import torch

        size = (self._embedder.size, self._embedder.size)
        resized = torch.nn.functional.interpolate(
            pixels[None].float().cpu(), size, mode="bicubic", antialias=True
        )
        vector = torch.from_numpy(self._embedder(resized[0].clamp(-1, 1).numpy())).double()
        return vector / vector.norm()


def encoder_inputs(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what every embedding depends on besides the image; None where none is asked for.

    Args:
        settings: Of the stage `measure`; `embedding` is the encoder's `path` and `sha256`.
    """
    if not (spec := settings.get("embedding")):
        return None
    files = {name: file_hash(Path(spec["path"], name)) for name in (CONFIG, PREPARATION)}
    return {"sha256": spec["sha256"], **files, "code": fingerprint(__name__)}
