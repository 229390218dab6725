"""`timestep: auto`: a timestep chosen by AUC on images that are never reported on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared.contract import Traits, traits_of
from mia.evidence import Evidence
from mia.query import Query
from mia.stats.metrics import auc

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class AutoTimestep:
    """An attack at the best of several timesteps; which one is learnt by `fit`.

    Args:
        timesteps: What is tried.
        candidates: The attack at each of them.
        chosen: Position of the best, once fitted.
    """

    timesteps: tuple[int, ...]
    candidates: tuple[Any, ...]
    chosen: int | None = None

    @property
    def access(self) -> str:
        """Access of the attack, whatever the timestep."""
        return self.candidates[0].access

    @property
    def source(self) -> str:
        """Source of the attack, whatever the timestep."""
        return self.candidates[0].source

    @property
    def traits(self) -> Traits:
        """Traits of the attack, whatever the timestep."""
        return traits_of(self.candidates[0])

    @property
    def queries(self) -> tuple[Query, ...]:
        """The whole grid."""
        return tuple({query: None for attack in self.candidates for query in attack.queries})

    @property
    def fitted(self) -> dict[str, int]:
        """The timestep chosen."""
        return {} if self.chosen is None else {"timestep": self.timesteps[self.chosen]}

    def fit(self, evidence: Evidence, member: pd.Series) -> AutoTimestep:
        """Return the attack at the candidate of largest AUC on `member`; its sign stays fixed."""
        areas = [
            auc(self._score(attack, evidence).loc[member.index].to_numpy(), member.to_numpy())
            for attack in self.candidates
        ]
        return replace(self, chosen=areas.index(max(areas)))

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the score of the candidate chosen."""
        assert self.chosen is not None, "not fitted"
        return self._score(self.candidates[self.chosen], evidence)

    def _score(self, attack: Any, evidence: Evidence) -> pd.Series:
        return attack.score(evidence.only(attack.queries))


def at_each_timestep(
    attack: type, parameters: dict[str, Any], name: str, grid: Sequence[int]
) -> AutoTimestep:
    """Return the attack at each timestep of `grid`; `name` is its field for timesteps."""
    values = [(t,) if name == "timesteps" else t for t in grid]
    return AutoTimestep(
        tuple(grid), tuple(attack(**{**parameters, name: value}) for value in values)
    )
