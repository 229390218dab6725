"""CLiD (threshold): how much worse a reduced caption denoises, mixed with the loss itself.

Two scripts of the public code cannot run. It draws one noise tensor for a whole batch and fits its
scaling on shadow models. Here the noise is the image's own, and scaling and mixing weight are
fitted on images that it is not reported on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mia.attacks.shared.parameters import one_of
from mia.attacks.shared.reduced_captions import REDUCTIONS, asked, losses
from mia.evidence import Evidence
from mia.query import Query
from mia.stats.metrics import auc

if TYPE_CHECKING:
    import pandas as pd

ALPHAS = tuple(i / 10 for i in range(11))


@dataclass(frozen=True)
class Attack:
    """α · scaled mean of L(c*) − L(c) over reduced captions c* + (1−α) · scaled −L(c).

    A term is scaled by subtracting the median and dividing by the interquartile range, both of the
    images learnt from. `reduction` is `important` (the paper's timesteps 440, 450, 460) or `clip`
    (485, 495, 505); the empty caption is always among the reduced ones. Where `alpha`, in [0, 1],
    is not given, AUC chooses it. `space` says which error L is. Higher = member.
    """

    timesteps: tuple[int, ...] = (440, 450, 460)
    draws: int = 1
    reduction: str = "important"
    alpha: float | None = None
    space: str = "epsilon"
    _scales: tuple[tuple[float, float], ...] = field(default=(), repr=False, compare=False)

    access = "grey-box"
    source = "Zhai et al. 2024 (arXiv 2405.14800), CLiD_th"

    def __post_init__(self) -> None:
        one_of("reduction", self.reduction, REDUCTIONS)
        if self.alpha is not None and not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha must be from 0 to 1, got {self.alpha!r}")

    @property
    def queries(self) -> tuple[Query, ...]:
        return asked(self.timesteps, self.draws, self.reduction)

    @property
    def fitted(self) -> dict:
        """Mixing weight, and (median, interquartile range) of contrast and −loss."""
        return {"alpha": self.alpha, "scales": [list(scale) for scale in self._scales]}

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack with both scales, and α if not given, fitted on `member`'s images."""
        terms = [term.loc[member.index] for term in self._terms(evidence)]
        scales = tuple(_scale(term) for term in terms)
        scaled = [_apply(term, scale) for term, scale in zip(terms, scales, strict=True)]
        alphas = ALPHAS if self.alpha is None else (self.alpha,)
        areas = [auc(_mix(alpha, *scaled).to_numpy(), member.to_numpy()) for alpha in alphas]
        return replace(self, alpha=alphas[areas.index(max(areas))], _scales=scales)

    def score(self, evidence: Evidence) -> pd.Series:
        assert self.alpha is not None, "not fitted"
        pairs = zip(self._terms(evidence), self._scales, strict=True)
        return _mix(self.alpha, *(_apply(term, scale) for term, scale in pairs))

    def _terms(self, evidence: Evidence) -> tuple[pd.Series, pd.Series]:
        """Return the mean contrast over reduced captions and the empty one, and minus the loss."""
        found = losses(evidence, self.space)
        others = found.drop(columns="caption").mean(axis="columns")
        return others - found["caption"], -found["caption"]


def _scale(values: pd.Series) -> tuple[float, float]:
    low, middle, high = values.quantile([0.25, 0.5, 0.75])
    return float(middle), float(high - low) or 1.0


def _apply(values: pd.Series, scale: tuple[float, float]) -> pd.Series:
    return (values - scale[0]) / scale[1]


def _mix(alpha: float, contrast: pd.Series, closeness: pd.Series) -> pd.Series:
    return alpha * contrast + (1 - alpha) * closeness
