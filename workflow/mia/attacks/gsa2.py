"""GSA2: norms of the loss's gradient at each of several timesteps, averaged.

It departs from public code where `gsa1` does. Public code runs every backward pass through the
graph of all timesteps, about 210 evals an image; each timestep alone takes 30.
"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.gsa import GradientClassifier
from mia.query import Query, grid


@dataclass(frozen=True)
class Attack(GradientClassifier):
    """Log odds of a classifier on the logs of the mean over t of ‖∇_θp L_t‖, one per tensor.

    L_t = mean (ε̂ − ε)²; the mean is over draws too. `layers` is `all` or `no-cross` (without the
    tensors that read what the model is told). `classifier` is `logistic` (ridge, its strength by
    cross-validation among the images learnt from) or `boosting` (trees of depth 2; the paper's are
    XGBoost's). Higher = member.
    """

    source = "Pang et al. 2025 (arXiv 2308.06405), GSA2"

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("gradient", self.timesteps, self.draws, self.condition)
