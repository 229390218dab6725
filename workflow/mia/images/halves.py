"""Seeded halves of a set of images by group: what shadow models are trained on.

Halves come in pairs: an even number is the complement of the odd number before it. So each image is
in exactly one half of a pair, and in K/2 of an even number K of halves. No half depends on how many
there are.
"""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from mia.images.split import place


def half_of(manifest: pd.DataFrame, parts: Collection[str], seed: int, number: int) -> pd.DataFrame:
    """Return the rows of a manifest that are in a half of its kept images in `parts`."""
    rows = manifest[manifest["kept"].astype(bool) & manifest["part"].isin(parts)]
    return rows[in_half(rows["group"], seed, number)]


def in_half(groups: pd.Series, seed: int, number: int) -> pd.Series:
    """Return whether each image is in a half, as bool.

    A group is in one half as a whole. With enough single images both halves of a pair have equally
    many images, to within one.

    Args:
        groups: Group of every image.
        seed: The experiment's seed. The halves are independent of its splits and folds.
        number: Number of the half, from 1 up.

    >>> groups = pd.Series(["a", "b", "c", "c"])
    >>> one, other = (in_half(groups, 0, number) for number in (1, 2))
    >>> int(one.sum()), bool((one ^ other).all()), int(in_half(groups, 1, 1).sum())
    (2, True, 2)
    """
    pair, complement = divmod(number - 1, 2)
    sizes = groups.value_counts()
    room, chosen = len(groups) // 2, set()
    for group in sorted(sizes.index, key=lambda name: place(seed, f"half {pair}", name)):
        if sizes[group] <= room:
            chosen.add(group)
            room -= sizes[group]
    return groups.isin(chosen) ^ bool(complement)
