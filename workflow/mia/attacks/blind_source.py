"""Blind baseline on addresses: do the sets come from other places?"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import source as address


@dataclass(frozen=True)
class Attack(Baseline):
    """Logistic regression on an address's host and the domains above it; score in log odds.

    No attack on the model sees an address, so what this baseline finds need not help an attack. It
    says that the sets were gathered in different ways. Images without addresses are all alike to
    it. A target whose sets both lack addresses (source `folder` or `builtin`) has no such row.
    """

    channel = address
    source = "Das et al. 2024 (arXiv 2406.16201), with hosts as features"
    traits = Traits(reads_images=True, reads_addresses=True)
