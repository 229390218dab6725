"""How much arithmetic a model does, counted from its JSON files: no weight is read or made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia.models.expected_tensors import built
from mia.models.families import module_of
from mia.models.folder import read
from mia.models.model_configs import Configs
from mia.models.model_json import ModelError
from mia.models.tokenizer_folder import first_line

MOST_TENSORS = 100_000  # of a component; FLUX.1 has 780


@dataclass(frozen=True)
class Flops:
    """Floating-point operations on one image.

    A multiplication and an addition are two. Matrix products, convolutions and attention are
    counted, the rest is small beside them.

    Args:
        per_eval: Of one noise estimate.
        per_encoding: Of turning pixels into latents; 0 where pixels are the latents.
        tensors: Parameter tensors of the denoiser.
        pixels: Of the image.
    """

    per_eval: int
    per_encoding: int
    tensors: int
    pixels: int


def flops(folder: Path, options: Mapping[str, Any] | None = None) -> Flops:
    """Return the arithmetic of the model in a folder.

    Args:
        folder: Of the model. Its JSON files are read; weights may be missing.
        options: Keys of the model's block that its family reads.

    Raises:
        ModelError: A file is missing, or no model can be built from them.
    """
    import torch

    configs, said = read(folder, options or {})
    modules = {name: _component(configs, name) for name in configs.parts}
    model = {**said, "folder": str(folder), "classes": dict(configs.classes)}
    denoiser = module_of(configs.name).load(model, "meta", modules=modules)
    side, autoencoder = said["resolution"], configs.family.autoencoder
    try:
        with torch.device("meta"):
            z, timestep = torch.zeros(1, *denoiser.latent_shape), torch.tensor([1])
            pixels = torch.zeros(1, 3, side, side)
            per_eval = counted(lambda: denoiser.epsilon(z, timestep, denoiser.blank(1)))
            encoding = counted(lambda: modules[autoencoder].encode(pixels)) if autoencoder else 0
    except Exception as error:  # of whatever kind: the components do not fit together
        raise ModelError(f"{folder}: its parts cannot work: {first_line(error)}") from error
    return Flops(per_eval, encoding, len(list(denoiser.weights.parameters())), side * side)


def counted(call: Callable[[], Any]) -> int:
    """Return the floating-point operations of a call on tensors of the device `meta`.

    There, attention is made of matrix products, which torch counts. On other devices torch does not
    count all its kernels of attention.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def _component(configs: Configs, name: str) -> Any:
    kind, config = configs.family.parts[name].kind(configs.classes[name]), configs.parts[name]
    return built(name, kind, config, MOST_TENSORS, config.path).eval()
