"""Captions exchanged among the images of a target: controls of what an attack reads in a caption.

Two captions count as equal if they differ in case and spaces alone (`equal_captions.plain`).
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from mia.targets.equal_captions import plain


def shuffled(captions: pd.Series, member: pd.Series, seed: int) -> pd.Series:
    """Return the captions of each side, dealt anew among the images of that side.

    Each side keeps its captions, so whatever tells the sides apart by caption alone stays. Which
    caption belongs to which image is lost. No image gets its own caption or an equal one, except
    where more than half of a side's captions are equal: then as few as possible do. An image that
    is alone on its side keeps its caption.

    Args:
        captions: Of the images, index image_id, in any order.
        member: Whether each is a member, the same index.
        seed: The experiment's seed. The result depends on it and on the side's images alone.

    Returns:
        Captions, index image_id, sorted.
    """
    captions, member = captions.sort_index(), member.sort_index().astype(bool)
    sides = [captions[member == side] for side in (True, False)]
    return pd.concat([_dealt(side, side, seed, "shuffled") for side in sides]).sort_index()


def swapped(captions: pd.Series, member: pd.Series, seed: int) -> pd.Series:
    """Return for each image a caption of the other side.

    Where the sides differ in size, the smaller side's captions are repeated, each as often as the
    others or once more; of the larger side's captions a seeded choice is given, each once. As few
    images as possible get a caption equal to their own.

    Args, returns: As `shuffled`.

    Raises:
        ValueError: A side is empty.
    """
    captions, member = captions.sort_index(), member.sort_index().astype(bool)
    sides = captions[member], captions[~member]
    if any(side.empty for side in sides):
        raise ValueError(
            f"{len(sides[0])} members and {len(sides[1])} nonmembers; "
            "expected some of each, whose captions can be swapped"
        )
    parts = [_dealt(mine, other, seed, "swapped") for mine, other in (sides, sides[::-1])]
    return pd.concat(parts).sort_index()


def equal(captions: pd.Series, others: pd.Series) -> pd.Series:
    """Return which images have an equal caption in both, bool, the index of `captions`."""
    pair = pd.DataFrame({"own": plain(captions), "other": plain(others)}).fillna("")
    return pair["own"] == pair["other"]


def _dealt(own: pd.Series, given: pd.Series, seed: int, kind: str) -> pd.Series:
    """Return one of the captions `given` for each image of `own`, both sorted by image_id."""
    text = f"{seed}:{kind}:{','.join(own.index)}:{','.join(given.index)}"
    digest = hashlib.sha256(text.encode()).digest()
    generator = np.random.default_rng(list(digest))
    codes, _ = pd.factorize(plain(pd.concat([own, given])), use_na_sentinel=False)
    places = np.resize(generator.permutation(len(given)), len(own))
    places = places[unlike(codes[: len(own)], codes[len(own) :][places], generator)]
    return pd.Series(given.to_numpy()[places], own.index)


def unlike(own: np.ndarray, given: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an order of `given` in which as few entries as possible equal those of `own`.

    It starts from a random order and exchanges each equal entry with a random other place, such
    that neither place is equal then. Where there is no such place for a value, every place has it
    on one side or the other, and then the number of equal places is the least possible.

    Args:
        own: Integers `(n,)`.
        given: Integers `(n,)`.
        generator: Draws the order and the places.

    >>> unlike(np.array([7, 8]), np.array([7, 8]), np.random.default_rng(0)).tolist()
    [1, 0]
    """
    order, stuck = generator.permutation(len(given)), set()
    for i in np.flatnonzero(own == given[order]):
        value = own[i]
        if given[order[i]] != value or value in stuck:  # an exchange has mended it, or none can
            continue
        free = np.flatnonzero((own != value) & (given[order] != value))
        if len(free):
            j = generator.choice(free)
            order[i], order[j] = order[j], order[i]
        else:
            stuck.add(value)
    return order
