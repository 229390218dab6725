"""Blind baseline on captions: can the sets be told apart by their words, without any model?"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.blind import caption


@dataclass(frozen=True)
class Attack(Baseline):
    """Logistic regression on TF-IDF of character n-grams, case kept; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    shortest: int = caption.SHORTEST
    longest: int = caption.LONGEST

    channel = caption
    source = "Das et al. 2024 (arXiv 2406.16201), bag of n-grams"
