"""Whether components fit together, tried on shapes alone: without memory, weights or images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.models.description import Description
from mia.models.families import module_of
from mia.models.model_configs import Configs
from mia.models.model_json import ModelError
from mia.models.tokenizer_folder import first_line


def require_fitting(configs: Configs, model: Description, modules: Mapping[str, Any]) -> None:
    """Raise ModelError unless autoencoder and denoiser answer in the shapes that are described.

    Args:
        configs: Of the components.
        model: What is described of them.
        modules: Components by name, built without memory.
    """
    import torch

    family = configs.family
    with torch.device("meta"), torch.inference_mode():
        if family.autoencoder:
            try:
                _try_autoencoder(model, modules[family.autoencoder])
            except Exception as error:  # of whatever kind: it cannot be used
                raise _unfit(configs, family.autoencoder, error) from error
        try:
            _try_denoiser(model, modules)
        except Exception as error:
            raise _unfit(configs, family.denoiser, error) from error


def _unfit(configs: Configs, part: str, error: Exception) -> ModelError:
    path = configs.parts[part].path
    return ModelError(f"{path}: its {part} cannot work: {first_line(error)}")


def _try_autoencoder(model: Description, module: Any) -> None:
    import torch

    from mia.models.autoencoder import Autoencoder

    autoencoder, vae = Autoencoder(model["vae"], "meta", module), model["vae"]
    side = 2 * vae["factor"]
    given = torch.zeros(1, 3, side, side)
    latents = autoencoder.encode(given)
    if latents.shape != (1, vae["channels"], 2, 2):
        raise ValueError(f"latents of {side} pixels a side are {tuple(latents.shape)}")
    if (answer := autoencoder.decode(latents)).shape != given.shape:
        raise ValueError(f"it answers {tuple(answer.shape)} to {tuple(given.shape)}")


def _try_denoiser(model: Description, modules: Mapping[str, Any]) -> None:
    import torch

    denoiser = module_of(model["family"]).load(model, "meta", modules=modules)
    given = torch.zeros(1, *denoiser.latent_shape)
    answer = denoiser.epsilon(given, torch.tensor([1]), denoiser.blank(1))
    if answer.shape != given.shape:
        raise ValueError(f"it answers {tuple(answer.shape)} to {tuple(given.shape)}")
