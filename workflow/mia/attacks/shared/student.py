"""Student-t predictive distributions under a normal-inverse-gamma prior.

The prior: a variance σ² is inverse-gamma (α, β), and a mean is normal around μ with variance σ²/κ.
Textbook conjugacy gives the posterior of each image from its own values, and the distribution of
one more value.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST = 1000.0  # α and κ at most: beyond, a variance, or a mean, is the same for all images


@dataclass(frozen=True)
class Prior:
    """A normal-inverse-gamma prior.

    Args:
        mu: Mean of the means.
        kappa: How many values the knowledge of the mean is worth.
        alpha: Half of how many values the knowledge of the variance is worth, above 1.
        beta: Scale: the mean of the variances is beta / (alpha − 1).
    """

    mu: float
    kappa: float
    alpha: float
    beta: float

    @property
    def told(self) -> dict[str, Any]:
        """Its parameters, JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Predictive:
    """Student's t for each image: index image_id in all three."""

    freedom: pd.Series
    location: pd.Series
    scale: pd.Series

    def log_density(self, value: pd.Series) -> pd.Series:
        """Return the log density of each image's t at its value."""
        from scipy.special import gammaln

        free, t = self._standard(value)
        constant = gammaln((free + 1) / 2) - gammaln(free / 2) - np.log(free * np.pi) / 2
        scale = self.scale.loc[value.index]
        return constant - np.log(scale) - (free + 1) / 2 * np.log1p(t**2 / free)

    def log_tail(self, value: pd.Series) -> pd.Series:
        """Return the log of the chance of a value as high or higher."""
        from scipy.special import stdtr

        free, t = self._standard(value)
        return np.log(np.maximum(stdtr(free, -t), np.finfo("float64").tiny))

    def _standard(self, value: pd.Series) -> tuple[pd.Series, pd.Series]:
        t = (value - self.location.loc[value.index]) / self.scale.loc[value.index]
        return self.freedom.loc[value.index], t


def matched(values: pd.DataFrame) -> Prior:
    """Return the prior whose moments are those of the images' means and variances.

    The mean variance v, and how far variances and means lie apart beyond what so few values
    explain: of n normal values, a variance is off by 2σ⁴/(n − 1), and a mean by σ²/n.

    Args:
        values: Index image_id, a column a model, NaN where there is no value.

    Raises:
        ValueError: No image has two values that differ: there is no variance to learn.
    """
    count, mean = values.notna().sum(axis="columns"), values.mean(axis="columns")
    several = count >= 2
    variance = values[several].var(axis="columns", ddof=1)
    if not (variance > 0).any():
        raise ValueError(
            "no image has two references of a side that answer differently; expected at least two"
        )
    v, few = float(variance.mean()), float((1 / (count[several] - 1)).mean())
    seen = float(variance.var(ddof=1)) if len(variance) > 1 else 0.0
    of_variances = (seen - 2 * few * v**2) / (1 + 2 * few)
    alpha = min(2 + v**2 / of_variances, MOST) if of_variances > 0 else MOST
    apart = float(mean.var(ddof=1)) if len(mean) > 1 else 0.0
    of_means = apart - v * float((1 / count).mean())
    kappa = min(v / of_means, MOST) if of_means > 0 else MOST
    return Prior(float(mean.mean()), kappa, alpha, v * (alpha - 1))


def predictive(values: pd.DataFrame, prior: Prior) -> Predictive:
    """Return the distribution of one more value of each image.

    With M values of mean m: κ' = κ + M, μ' = (κμ + Mm)/κ', α' = α + M/2, and β' = β + ½ Σ(φ − m)² +
    κM(m − μ)²/(2κ'). It is Student's t with 2α' degrees of freedom, at μ', of squared scale
    β'(κ' + 1)/(α'κ').

    Args:
        values: Index image_id, a column a model, NaN where there is no value.
        prior: What is known before.
    """
    count, mean = values.notna().sum(axis="columns"), values.mean(axis="columns").fillna(prior.mu)
    kappa, alpha = prior.kappa + count, prior.alpha + count / 2
    squares = (values.sub(mean, axis="index") ** 2).sum(axis="columns")
    between = prior.kappa * count * (mean - prior.mu) ** 2 / (2 * kappa)
    beta = prior.beta + squares / 2 + between
    location = (prior.kappa * prior.mu + count * mean) / kappa
    return Predictive(2 * alpha, location, np.sqrt(beta * (kappa + 1) / (alpha * kappa)))
