"""Blind baseline on one number: the size of the image without loss, which nothing is fitted to.

It stands beside `loss_per_byte`, whose score is divided by the same number, and shows what that
number alone tells of the sets. It asks the model nothing; `measure` counts the bytes, as it has the
image as the model would see it. So it comes after the verdict on the sets, and has no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mia.access import MODEL_FREE
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """1 over the bytes of the image's PNG at the model's resolution; there is no fit.

    Range (0, 1]; higher: a simpler image. An AUC below 0.5 says that the members' images take more
    bytes, which is what `loss_per_byte` gains from where the losses are alike.
    """

    queries: tuple[Query, ...] = field(
        default=(Query("png", 0, condition="null"),), init=False, repr=False
    )

    access = MODEL_FREE
    source = "Das et al. 2024 (arXiv 2406.16201), size of Rao and Moyer 2026 (arXiv 2603.13421)"
    traits = Traits(reads_images=True)

    def score(self, evidence: Evidence) -> pd.Series:
        return 1 / evidence.signals["png"]["png_bytes"]
