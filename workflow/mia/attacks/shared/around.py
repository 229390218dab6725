"""An attack around another one: what of the inner attack stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mia.attacks.shared.contract import Tells, Traits, traits_of


@dataclass(frozen=True)
class Around:
    """What stands for another attack.

    Args:
        attack: The inner attack.
    """

    attack: Any

    @property
    def access(self) -> str:
        """Access of the attack."""
        return self.attack.access

    @property
    def source(self) -> str:
        """Source of the attack."""
        return self.attack.source

    @property
    def traits(self) -> Traits:
        """Traits of the attack."""
        return traits_of(self.attack)

    @property
    def fitted(self) -> dict[str, Any]:
        """What the attack has learnt."""
        return self.attack.fitted if isinstance(self.attack, Tells) else {}
