"""Blind baseline on everything at once: captions, images, files and addresses together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mia.attacks.shared import parameters
from mia.attacks.shared.baseline import Baseline
from mia.attacks.shared.contract import Traits
from mia.blind import stack
from mia.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


@dataclass(frozen=True)
class Attack(Baseline):
    """Logistic regression on the log odds of every blind channel; score in log odds.

    The log odds that it learns from are out of fold: they come from channels fitted on other
    groups. What it finds is a difference of the sets, not of what the model remembers.
    `channels: all` means caption, surface, image, metadata and source, and with `audit.embedding`
    also embedding and text; where the sets have captions alone, caption, surface and source.
    Without `source` it sees only what an attack on the model could see.
    """

    channels: tuple[str, ...] | str = ALL

    source = "Das et al. 2024 (arXiv 2406.16201), channels stacked (Wolpert 1992)"

    def __post_init__(self) -> None:
        if isinstance(self.channels, str):
            parameters.one_of("channels", self.channels, [ALL])
        else:
            parameters.at_least_one("channels", self.channels)
            for channel in self.channels:
                parameters.one_of("channels", channel, [*stack.CHANNELS, *stack.EMBEDDED])

    @property
    def traits(self) -> Traits:
        """It needs the images and embeddings that `channels` names, and takes all under `all`."""
        of_all = self.channels == ALL
        read = tuple(name for name in stack.EMBEDDED if of_all or name in self.channels)
        on_files = not of_all and bool({*self.channels} & {*stack.OF_FILES})
        return Traits(
            reads_images=True,
            reads_files=on_files,
            reads_embeddings=read,
            embeddings_optional=of_all,
        )

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        images, channels = evidence.images, self.channels
        chosen = stack.readable(images) if channels == ALL else channels
        fitted = stack.fit(images, member, evidence.seed, chosen)
        return replace(self, _fitted=fitted)
