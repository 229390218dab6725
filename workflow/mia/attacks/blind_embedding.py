"""Blind baseline on image embeddings: can the sets be told apart by an image encoder?"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import embedding


@dataclass(frozen=True)
class Attack(Baseline):
    """Logistic regression on the embeddings of `audit.embedding`, standardised; score in log odds.

    The user gives the image encoder; it is never a model under test. Any separation it finds
    is a difference of the sets, not of what the model remembers.
    """

    channel = embedding
    source = "Das et al. 2024 (arXiv 2406.16201), with embeddings as features"
    traits = Traits(reads_images=True, reads_files=True, reads_embeddings=("embedding",))
