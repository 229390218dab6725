"""Blind baseline on images: can the sets be told apart by their statistics, without a model?"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import image


@dataclass(frozen=True)
class Attack(Baseline):
    """Gradient boosting on the manifest's image statistics (`stat_*`); score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    rounds: int = image.ROUNDS

    channel = image
    source = "Das et al. 2024 (arXiv 2406.16201), with image statistics as features"
    traits = Traits(reads_images=True, reads_files=True)
