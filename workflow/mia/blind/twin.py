"""The blind twin of a score: the same score as foretold without the model.

How easy an image is shows in its pixels, its file and its caption. A regression of an attack's
scores on numbers of those three says which score an image like this gets, whoever it belongs to. No
label is read. Where the twin parts two sets as well as the attack does, the attack may have read
nothing but which images are easy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind import image, metadata, surface

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 100  # as many as the blind baselines have
FEWEST = 20  # images to learn from; two leaves of a tree need as many


def numbers(images: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of images, files and captions; of captions alone where an image is missing.

    Args:
        images: Manifest rows, index image_id.
    """
    import pandas as pd

    channels = (surface,) if images["bytes"].isna().any() else (image, metadata, surface)
    return pd.concat([channel.features(images) for channel in channels], axis="columns")


def foretold(images: pd.DataFrame, score: pd.Series, block: pd.Series, seed: int) -> pd.Series:
    """Return the score of each image as foretold from the blocks before its own.

    Gradient boosting over trees, fitted anew for each block on all images of earlier blocks, as the
    blind baselines are (`mia.targets.blocks`).

    Args:
        images: Manifest rows, index image_id.
        score: Of the images to learn from and to foretell, on the same index.
        block: Their blocks, on that index too; the first is learnt from alone.
        seed: Of the regression.

    Returns:
        Index that of `score`; NaN in blocks that fewer than `FEWEST` images come before.
    """
    import numpy as np
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows, told = numbers(images).loc[score.index], pd.Series(np.nan, score.index)
    for number in sorted(block.unique()):
        before, here = block < number, block == number
        if before.sum() >= FEWEST:
            model = HistGradientBoostingRegressor(max_iter=ROUNDS, random_state=seed)
            model.fit(rows[before].to_numpy(), score[before].to_numpy())
            told[here] = model.predict(rows[here].to_numpy())
    return told
