"""Stack: what the measured signals of a target reveal together, learnt by one classifier.

It asks nothing of its own: it reads what the other entries of the config ask the target's model.
Its success is no merit of a single query, and another classifier may find what it misses. It needs
labelled images of both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers, features
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

# Where there is no other entry: the losses with and without caption, and SimA's, PIA's and SecMI's.
ALONE = (
    *grid("denoise", (50, 100, 200, 300, 400, 500, 600, 700, 800, 900), 2, "both"),
    *grid("clean", (100,), 1),
    *grid("proximal", (200,), 1),
    *grid("inversion", (100,), 1, further=(("step", 10),)),
)


@dataclass(frozen=True)
class Attack:
    """Log odds of a classifier on all that the entries named measure, means over draws.

    `entries` are names of entries of the config; where none is named, it reads every other entry.
    Entries that read a reference are never among them, as they do not exist on every target; nor is
    another stack, nor an entry that sees gradients. Alone, as in the table above, it asks for
    losses with and without caption, and what SimA, PIA and SecMI read.
    Features: logs of all sizes (losses, norms, errors), and how far each loss under another
    condition, caption or crop exceeds the one under the image's own caption at the same draw (the
    one without a caption, where nothing is asked under one). A feature without a number counts as
    average.
    `classifier` is `logistic` (ridge, its strength by five-fold cross-validation among the images
    learnt from) or `boosting` (trees of depth 2). Higher = member.
    """

    entries: tuple[str, ...] = ()
    classifier: str = "logistic"
    _queries: tuple[Query, ...] = field(default=ALONE, repr=False)
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), features into one classifier"
    traits = Traits(combines_signals=True, controls=("blind_all",))

    def __post_init__(self) -> None:
        one_of("classifier", self.classifier, ("logistic", "boosting"))

    @property
    def queries(self) -> tuple[Query, ...]:
        return self._queries

    @property
    def fitted(self) -> dict:
        """How many queries were read, and how many features they made."""
        names = getattr(self._model, "feature_names_in_", ())
        return {"queries": len(self._queries), "features": len(names)}

    def with_queries(self, queries: tuple[Query, ...]) -> Attack:
        """Return the attack that reads `queries`, those of other entries."""
        return replace(self, _queries=queries)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        labels = member.to_numpy()
        if self.classifier == "logistic":
            model = classifiers.ridge(labels, evidence.seed)
        else:
            model = classifiers.classifier("boosting", evidence.seed)
        return replace(self, _model=model.fit(self._features(evidence).loc[member.index], labels))

    def score(self, evidence: Evidence) -> pd.Series:
        found = self._features(evidence).reindex(columns=self._model.feature_names_in_)
        return classifiers.predicted(self._model, found)

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        fields = {name for query in self._queries for name in query.fields()}
        bare = {query.condition for query in self._queries} == {"null"}
        return features.of_signals(evidence.signals, fields, "null" if bare else "caption")
