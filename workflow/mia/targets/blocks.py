"""Which images are reported on, and in which order attacks learn from them.

`all`: every kept image outside the fold `fit` is in one of six blocks, dealt by group, each class
alike. An attack that learns nothing is reported on all of them. One that learns scores a block by
what it learnt from the blocks before it, so that it is reported on all but the first. The AUC is
the mean over blocks: given the blocks before, each is an independent sample, so that the sum of
their variances is right. Pooled cross-validation is not: its scores depend on labels of the images
they are compared with (docs/decisions/0014).

`halves`: the evaluation fold is the only block; what is learnt comes from the calibration fold.
"""

from __future__ import annotations

import pandas as pd

from mia.targets import equal_captions, folds

ALL, HALVES = "all", "halves"
NOWHERE = -1


def blocks_of(rows: pd.DataFrame, design: str, seed: int) -> pd.Series:
    """Return the block of every row, an integer: `NOWHERE` where no attack is reported on it.

    Args:
        rows: Rows of a target: columns member, group, fold, kept, and caption if there is any.
        design: `all` or `halves`.
        seed: The experiment's seed.
    """
    kept = rows[rows["kept"] & (rows["fold"] != folds.FIT)]
    if design == HALVES:
        dealt = kept["fold"].map({folds.EVALUATION: 0}).fillna(NOWHERE)
    else:
        captioned = "caption" in kept
        evenly = equal_captions.evenly(kept["caption"], kept["member"]) if captioned else None
        dealt = kept["group"].map(folds.blocks(kept["group"], kept["member"], seed, evenly))
    return dealt.reindex(rows.index, fill_value=NOWHERE).astype("int64")
