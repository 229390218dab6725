"""Pang & Wang: the likeness of an image and a few generations of its caption, learnt.

The paper embeds the image and three generations by DeiT and takes, for each dimension, the cosine
over tokens: 768 similarities. Here the vector is what the signal stores: four distances and the
SSIM, so no image encoder is asked. With `cosine: true` one is, and the cosine of the two embeddings
is a sixth number, one for all tokens and dimensions. The paper learns from shadow models; here each
kind learns from images of the target that it is not reported on. The paper's classifier is a
network of six layers, whose epoch public code chooses on the test set; here it is a logistic
regression. Public code draws its generations without a seed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers, densities, generated
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("classifier", "distribution", "threshold")


@dataclass(frozen=True)
class Attack:
    """A score of the vector of similarities, each a mean over draws; higher = member.

    The vector is `ssim` and minus `rms_pixel`, `tile_rms`, `l1_pixel` and `rms_latent`; with
    `cosine` also that of embeddings by `audit.embedding`, which the config must then name. It is
    standardised by the images that are learnt from. `kind` is

    - `classifier`: log odds of a logistic regression;
    - `distribution`: log density under a Gaussian fitted on members, minus that under one fitted on
      nonmembers, each with 1e-5 on the diagonal of its covariance; in nats;
    - `threshold`: the largest similarity of the vector; it learns no label.
    """

    kind: str = "classifier"
    draws: int = 3
    steps: int = 30
    guidance: float = 7.5
    condition: str = "caption"
    cosine: bool = False
    _model: Any = field(default=None, repr=False, compare=False)

    access = "black-box"
    source = "Pang & Wang 2025 (arXiv 2312.08207), with pixels in place of embeddings"
    traits = Traits(combines_signals=True, controls=("blind_text_image",))

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)
        one_of("cosine", self.cosine, (False, True))
        generated.check_generation(self.steps, self.guidance, self.draws)

    @property
    def queries(self) -> tuple[Query, ...]:
        told = self.condition, self.cosine
        return generated.queries(self.steps, self.guidance, self.draws, *told)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        vectors, labels = self._vectors(evidence).loc[member.index], member.to_numpy(dtype=bool)
        if self.kind == "classifier":
            return replace(self, _model=classifiers.classifier("logistic", 0).fit(vectors, labels))
        if self.kind == "distribution":
            return replace(self, _model=densities.fitted(vectors, labels))
        return replace(self, _model=densities.standard(vectors))

    def score(self, evidence: Evidence) -> pd.Series:
        vectors = self._vectors(evidence)
        if self.kind == "classifier":
            return classifiers.predicted(self._model, vectors)
        if self.kind == "distribution":
            return self._model.log_ratio(vectors)
        return self._model.of(vectors).max(axis="columns")

    def _vectors(self, evidence: Evidence) -> pd.DataFrame:
        import pandas as pd

        table = evidence.signals[generated.GENERATION]
        names = [*generated.DISTANCES, *generated.SIMILARITIES]
        names += [generated.COSINE] if self.cosine else []
        found = {name: generated.similarity(table, name) for name in names}
        return pd.DataFrame(found).groupby(level="image_id").mean()
