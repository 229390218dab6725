"""Is enough known of what references were trained on, for each attack that learns from them?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from mia.targets.references import IN, OUT, UNKNOWN

VERBS = {IN: "known to be trained on it", OUT: "known not to be trained on it"}


def check_enough(known: pd.DataFrame, needs: Mapping[str, Mapping[str, int]]) -> None:
    """Raise a ValueError for the first attack for which too little is known.

    Args:
        known: `in`, `out` or `unknown`, a column for each reference; its index names the images.
        needs: Attack to its fewest references, `in` and `out` of each image, and fewest `pairs` of
            an image and a reference on either side.
    """
    for attack, fewest in needs.items():
        for side in (IN, OUT):
            _check_images(known, side, attack, fewest[side])
            if (pairs := int((known == side).to_numpy().sum())) < fewest["pairs"]:
                raise ValueError(
                    f"attacks.{attack} learns from pairs of an image and a reference; of {pairs} "
                    f"the reference is {VERBS[side]}; expected {fewest['pairs']} at least"
                )


def _check_images(known: pd.DataFrame, side: str, attack: str, fewest: int) -> None:
    count = (known == side).sum(axis="columns")
    lacking = count.index[count < fewest]
    if not len(lacking):
        return
    image = lacking[0]
    unknown = int((known.loc[image] == UNKNOWN).sum())
    raise ValueError(
        f"image {image}: of {known.shape[1]} references, {count[image]} are {VERBS[side]} and of "
        f"{unknown} it is not known: they were trained on a near-duplicate, or no row of "
        f"`trained_on` says it; attacks.{attack} needs {fewest} at least (and so for "
        f"{len(lacking)} images): expected more references, these images in the image set's "
        "`exclude` list, or a config without this attack"
    )
