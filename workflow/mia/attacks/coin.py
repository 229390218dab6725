"""A coin: a random number per image. The negative control of every table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """A uniform number in [0, 1) that depends on the experiment's seed and the image alone."""

    access = "model-free"
    source = "none: at chance by construction"
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def score(self, evidence: Evidence) -> pd.Series:
        import pandas as pd

        numbers = [_uniform(f"coin:{evidence.seed}:{image_id}") for image_id in evidence.image_ids]
        return pd.Series(numbers, pd.Index(evidence.image_ids, name="image_id"))


def _uniform(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
