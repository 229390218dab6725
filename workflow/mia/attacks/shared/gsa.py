"""What GSA1 and GSA2 share: gradient norms, tensor by tensor, into one classifier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.access import WHITE_BOX
from mia.attacks.shared import classifiers
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.gradient_norms import log_norms
from mia.attacks.shared.layers import ALL
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

TIMESTEPS = tuple(range(99, 1000, 100))
CLASSIFIERS = ("logistic", "boosting")


@dataclass(frozen=True)
class GradientClassifier:
    """An attack that learns from `gradient`; a module of the shelf says what it asks."""

    timesteps: tuple[int, ...] = TIMESTEPS
    draws: int = 1
    condition: str = "caption"
    layers: str = ALL
    classifier: str = "logistic"
    _model: Any = field(default=None, repr=False, compare=False)

    access = WHITE_BOX
    traits = Traits(combines_signals=True, controls=("lsa",))

    def __post_init__(self) -> None:
        one_of("classifier", self.classifier, CLASSIFIERS)

    @property
    def fitted(self) -> dict[str, int]:
        """How many features there were: one for each tensor."""
        return {"features": len(getattr(self._model, "feature_names_in_", ()))}

    def fit(self, evidence: Evidence, member: pd.Series) -> GradientClassifier:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = log_norms(evidence, self.layers).loc[member.index]
        return replace(self, _model=learnt(self.classifier, features, member, evidence.seed))

    def score(self, evidence: Evidence) -> pd.Series:
        """Return log odds of membership, index image_id; higher: more like a member."""
        return classifiers.predicted(self._model, log_norms(evidence, self.layers))


def learnt(kind: str, features: pd.DataFrame, member: pd.Series, seed: int) -> Any:
    """Return a classifier fitted on `features`, whose rows are the images of `member`.

    `logistic` is ridge (`classifiers.ridge`): features are standardised with the mean and the
    standard deviation of these images, which are none that the attack is reported on.
    """
    labels = member.to_numpy()
    if kind == "logistic":
        return classifiers.ridge(labels, seed).fit(features, labels)
    return classifiers.classifier(kind, seed).fit(features, labels)
