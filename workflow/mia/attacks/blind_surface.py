"""Blind baseline on how captions are written: length, capitals, quotes and the like."""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.blind import surface


@dataclass(frozen=True)
class Attack(Baseline):
    """Gradient boosting on counts of the caption's surface; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    rounds: int = surface.ROUNDS

    channel = surface
    source = "Das et al. 2024 (arXiv 2406.16201), with counts as features"
