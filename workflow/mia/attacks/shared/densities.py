"""Two Gaussians, of members and of nonmembers, on standardised features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared.classifiers import fewest_of

if TYPE_CHECKING:
    import pandas as pd

ON_DIAGONAL = 1e-5  # added to each variance of the standardised features, as the paper's code does


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of each feature among the images that are learnt from."""

    mean: pd.Series
    spread: pd.Series

    def of(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return features in units of `spread`, from `mean`; one that never varied counts as 0."""
        return ((features - self.mean) / self.spread.where(self.spread > 0, np.inf)).fillna(0.0)


def standard(features: pd.DataFrame) -> Standard:
    """Return mean and standard deviation of each column, n in the denominator."""
    return Standard(features.mean(), features.std(ddof=0))


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution: `mean` `(features,)`, `covariance` `(features, features)`."""

    mean: np.ndarray
    covariance: np.ndarray

    def log_density(self, features: np.ndarray) -> np.ndarray:
        """Return the log density of each row, `(rows,)`, in nats."""
        gap = features - self.mean
        _, volume = np.linalg.slogdet(2 * np.pi * self.covariance)
        distance = (gap * np.linalg.solve(self.covariance, gap.T).T).sum(axis=1)
        return -0.5 * (distance + volume)


@dataclass(frozen=True)
class TwoGaussians:
    """What members and nonmembers look like, on features that are standardised alike."""

    standard: Standard
    members: Gaussian
    nonmembers: Gaussian

    def log_ratio(self, features: pd.DataFrame) -> pd.Series:
        """Return log density as a member minus that as a nonmember, of each row of `features`."""
        import pandas as pd

        found = self.standard.of(features)
        values = found.to_numpy(dtype=np.float64)
        ratio = self.members.log_density(values) - self.nonmembers.log_density(values)
        return pd.Series(ratio, features.index)


def fitted(features: pd.DataFrame, member: np.ndarray) -> TwoGaussians:
    """Return the two Gaussians of labelled rows.

    Args:
        features: One row an image.
        member: bool, one a row.

    Raises:
        ValueError: A side has fewer than two images.
    """
    fewest_of(member)
    scale = standard(features)
    values = scale.of(features).to_numpy(dtype=np.float64)
    return TwoGaussians(scale, _gaussian(values[member]), _gaussian(values[~member]))


def _gaussian(values: np.ndarray) -> Gaussian:
    covariance = np.cov(values, rowvar=False) + ON_DIAGONAL * np.eye(values.shape[1])
    return Gaussian(values.mean(axis=0), covariance)
