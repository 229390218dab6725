"""Blind baseline on text-encoder states: can the sets be told apart by their captions' vectors?"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import text


@dataclass(frozen=True)
class Attack(Baseline):
    """Logistic regression on the caption's state in `audit.embedding`; score in log odds.

    The state is the last layer's at the end of the text, standardised and not projected. The user
    gives the text encoder. It is never that of a model under test, which would remember its
    members' captions. Any separation it finds is a difference of the sets.
    """

    channel = text
    source = "Das et al. 2024 (arXiv 2406.16201), with text-encoder states as features"
    traits = Traits(reads_images=True, reads_embeddings=("text",))
