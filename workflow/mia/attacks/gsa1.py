"""GSA1: norms of the gradient of a loss averaged over timesteps, one backward pass in the paper.

The paper draws the noise anew for each timestep, without a seed; here an image's draw is the same
at every timestep. Public code learns from shadow models and standardises the target's features with
the target's own mean, which only somebody who knows the labels can take at equal numbers of both
sides. Here the classifier and its standardisation are fitted on labelled images of the target that
the attack is not reported on. The loss is that of the noise estimate, also where a model predicts
something else; public code weights x0-prediction by the signal-to-noise ratio. Directions of
several timesteps cancel in the sum; `gsa2` takes the norms first.
"""

from __future__ import annotations

from dataclasses import dataclass

from mia.attacks.shared.gsa import GradientClassifier
from mia.query import Query


@dataclass(frozen=True)
class Attack(GradientClassifier):
    """Log odds of a classifier on the log norms of ∇_θp (mean over t of L_t), one per tensor.

    L_t = mean (ε̂ − ε)²; a norm is a mean over draws. `layers` is `all` or `no-cross` (without the
    tensors that read what the model is told). `classifier` is `logistic` (ridge, its strength by
    cross-validation among the images learnt from) or `boosting` (trees of depth 2; the paper's are
    XGBoost's). Higher = member.
    """

    source = "Pang et al. 2025 (arXiv 2308.06405), GSA1"

    @property
    def queries(self) -> tuple[Query, ...]:
        together = (("timesteps", "+".join(map(str, self.timesteps))),)
        for timestep in self.timesteps:
            Query("gradient", timestep)  # each is checked, not the first alone
        first = self.timesteps[0]
        return tuple(
            Query("gradient", first, draw, self.condition, together) for draw in range(self.draws)
        )
