"""Distance of an image and what image-to-image makes of it, at several strengths, learnt.

Bohacek & Farid ask for variations at growing strength, compare them with the image by DreamSim and
fit a logistic regression. Here the distance is one of those that are measured, of pixels, of
latents or, by the encoder that a config names, of embeddings. It needs labelled images of both
kinds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers, features, generated
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import at_least_one, one_of
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log odds of a logistic regression on the log distance at each strength; higher = member.

    A strength s noises the image to the step from which s · `steps` of `steps` steps are left, as
    image-to-image pipelines do. `measure` is `rms_pixel`, `tile_rms`, `l1_pixel`, `rms_latent`,
    or `cosine`: 1 minus the cosine of embeddings by `audit.embedding`, which the config must then
    name. Its mean over draws is taken. `guidance` 1 is none.
    """

    strengths: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    draws: int = 1
    steps: int = 50
    guidance: float = 1.0
    measure: str = "rms_pixel"
    condition: str = "caption"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "black-box"
    source = "Bohacek & Farid 2025 (arXiv 2501.06399), with pixels in place of DreamSim"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        at_least_one("steps", self.steps)
        at_least_one("strengths", self.strengths)
        one_of("measure", self.measure, (*generated.DISTANCES, generated.COSINE))
        generated.check_strengths(self.strengths, self.steps)
        generated.check_variation([], self.guidance, self.draws)

    @property
    def queries(self) -> tuple[Query, ...]:
        timesteps = {generated.timestep_of(strength, self.steps) for strength in self.strengths}
        step = 1000 // self.steps
        told = self.condition, step, self.guidance, self.measure == generated.COSINE
        return generated.variations(sorted(timesteps), self.draws, *told)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        model = classifiers.classifier("logistic", evidence.seed)
        found = self._features(evidence).loc[member.index]
        return replace(self, _model=model.fit(found, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        table = evidence.signals[generated.VARIATION]
        if self.measure == generated.COSINE:
            table = table.assign(**{self.measure: 1 - table[self.measure]})
        return features.log_sizes(table, [self.measure])
