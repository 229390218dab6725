"""Similarity of an image and what the model makes of its caption: members are made again.

Pang & Wang compare embeddings of the image and of three generations (`pang_wang`), Carlini et al.
the pixels of tiles (`extraction`). Here is one number of the likeness, unlearnt. Any model makes
something similar of a caption that says enough: read the score of a control model beside it, the
same under shuffled captions, and `blind_text_image`, which asks no model at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared import generated
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Likeness of the image and `draws` generations of its caption, pooled; higher = member.

    `measure` is `ssim` or `cosine`, in [−1, 1], or minus a distance: `rms_pixel`, `tile_rms` (the
    tile that differs most), `l1_pixel`, `rms_latent`. `cosine` is that of embeddings by
    `audit.embedding`, which the config must then name. `pool` is `mean`, `max` (the most similar
    generation) or `median`. Generations are made by the model's own scheduler in `steps` steps with
    `guidance`; 1 is none.
    """

    measure: str = "ssim"
    pool: str = "mean"
    draws: int = 3
    steps: int = 30
    guidance: float = 7.5
    condition: str = "caption"

    access = "black-box"
    source = "Pang & Wang 2025 (arXiv 2312.08207), one likeness in place of 768"
    traits = Traits(controls=("blind_text_image",))

    def __post_init__(self) -> None:
        allowed = (*generated.DISTANCES, *generated.SIMILARITIES, generated.COSINE)
        one_of("measure", self.measure, allowed)
        one_of("pool", self.pool, generated.POOLS)
        generated.check_generation(self.steps, self.guidance, self.draws)

    @property
    def queries(self) -> tuple[Query, ...]:
        embedded = self.measure == generated.COSINE
        return generated.queries(self.steps, self.guidance, self.draws, self.condition, embedded)

    def score(self, evidence: Evidence) -> pd.Series:
        alike = generated.similarity(evidence.signals[generated.GENERATION], self.measure)
        return generated.pooled(alike, self.pool)
