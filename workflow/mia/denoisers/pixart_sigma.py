"""PixArt-Σ (Chen et al. 2024, arXiv 2403.04692): captions of 300 tokens of T5, by a transformer."""

from __future__ import annotations

from mia.denoisers.shared.pixart import PixArt, is_told_sizes, pixart_facts, pixart_family
from mia.models.description import Facts
from mia.models.model_configs import Configs

family = pixart_family("PixArtSigmaPipeline", 300)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    if is_told_sizes(configs.denoiser):
        raise configs.denoiser.wrong(
            "use_additional_conditions",
            "false: the pipeline of PixArt-Σ tells it neither resolution nor aspect ratio",
        )
    return pixart_facts(configs)


class PixArtSigma(PixArt):
    """The denoiser of a PixArt-Σ."""

    family = family


load = PixArtSigma
