"""Blind baseline without a fit: how well a caption describes its image, by a CLIP model.

It is what attacks on generations must be read beside. A model draws what a caption says; so images
that their captions describe well are made again more exactly, members or not. Where the two sides
differ here, the likeness of generations differs without any memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.access import MODEL_FREE
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

SMALLEST = 1e-30  # a vector of zeros is like nothing


@dataclass(frozen=True)
class Attack:
    """Cosine of the image's and the caption's embedding by `audit.embedding`; higher = member.

    In [−1, 1]: CLIP score. It learns nothing and asks no model under test. The text stream of FSCA
    (Zhu & Wang 2025, arXiv 2506.11434) reads it too. It needs a whole CLIP, and image files.
    """

    access = MODEL_FREE
    source = "Hessel et al. 2021 (arXiv 2104.08718), the cosine"
    traits = Traits(reads_images=True, reads_files=True, reads_embeddings=("embedding", "words"))

    @property
    def queries(self) -> tuple[Query, ...]:
        return ()

    def score(self, evidence: Evidence) -> pd.Series:
        import pandas as pd

        assert evidence.images is not None, "its traits ask for images"
        image, words = (
            evidence.images.filter(regex=f"^{channel}_").to_numpy(dtype=np.float64)
            for channel in ("embedding", "words")
        )
        lengths = np.linalg.norm(image, axis=1) * np.linalg.norm(words, axis=1)
        cosine = (image * words).sum(axis=1) / np.maximum(lengths, SMALLEST)
        return pd.Series(cosine, evidence.images.index)
