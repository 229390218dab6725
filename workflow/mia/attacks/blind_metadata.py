"""Blind baseline on files: size, format, JPEG quality and the like, before any pixel."""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import metadata


@dataclass(frozen=True)
class Attack(Baseline):
    """Gradient boosting on what the manifest says of the image's file; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    rounds: int = metadata.ROUNDS

    channel = metadata
    source = "Das et al. 2024 (arXiv 2406.16201), with file metadata as features"
    traits = Traits(reads_images=True, reads_files=True)
