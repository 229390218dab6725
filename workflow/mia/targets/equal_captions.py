"""Images with one caption: a twin in the other fold would tell which side a caption is on."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from mia.images.duplicates.components import components, links

FEW = 0.01  # share of images with a twin, up to which twins are left alone
COMMON = 0.05  # share of images with one caption, if more than a pair, above which they join none
COMMON_OF_FEW, SMALL = 0.1, 20  # the same, if that is at most `SMALL` images
VARIANTS = re.compile("[\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # marks that choose a form
ALIKE = 0.95  # p of a χ² test, above which the sides' shares of captions are nearer than chance


def plain(captions: pd.Series) -> pd.Series:
    """Return captions without what typing alone changes; an empty caption is None.

    Captions that differ in case, blanks, Unicode form or characters without a shape are equal. Case
    and form follow the compatibility caseless match of the Unicode Standard (D146).

    >>> plain(pd.Series(["A Cat", " a  cat ", "Ａ\u00a0ca\u200bt", " ", None])).tolist()
    ['a cat', 'a cat', 'a cat', None, None]
    """
    return captions.astype(object).map(_plain)


def twins(captions: pd.Series) -> pd.Series:
    """Return the plain captions that several images have, else None; see `together`, `evenly`."""
    text = plain(captions)
    return text.where(text.duplicated(keep=False), None)


def together(captions: pd.Series) -> pd.Series:
    """Return the captions to keep in one fold, else None: equal ones, unless few or common.

    If at most `FEW` of the images have equal captions, these move no number that matters. A caption
    that more than `COMMON` of the images have (`COMMON_OF_FEW` of few) would leave too few groups;
    see `evenly`.
    """
    text = twins(captions)
    few = text.notna().mean() <= FEW
    return text.mask(_common(text) | few, None)


def evenly(captions: pd.Series, member: pd.Series) -> pd.Series:
    """Return the captions to deal to the folds in equal shares, else None: common ones.

    If the sides' shares of captions are more equal than chance would make them, these are all
    common captions; else those that as many members as nonmembers have. Dealt by chance, one fold
    would have too many of a caption and the other too few; a baseline that learns from one fold
    would then be upside down on the other. Sides that chance made are dealt by chance: equal shares
    would carry the accidents of chance into both folds.
    """
    text = twins(captions)
    text = text.where(_common(text), None)
    if _alike(text, member):
        return text
    ahead = (2 * member.astype(int) - 1).groupby(text).transform("sum")
    return text.where(ahead == 0, None)


def joined(group: pd.Series, captions: pd.Series) -> pd.Series:
    """Return groups; those that `together` connects take the name of their first row's group."""
    edges = [links(group), links(together(captions))]
    starts, ends = (np.concatenate(positions) for positions in zip(*edges, strict=True))
    return pd.Series(group.to_numpy()[components(len(group), starts, ends)], group.index)


def on_both_sides(captions: pd.Series, member: pd.Series) -> float:
    """Return the share of images whose caption both sides have, in [0, 1]."""
    text = twins(captions)
    sides = member.astype(bool).groupby(text).transform("nunique")
    return float((sides == 2).mean())


def _common(text: pd.Series) -> pd.Series:
    n = len(text)
    return text.map(text.value_counts()) > max(2, COMMON * n, min(SMALL, COMMON_OF_FEW * n))


def _alike(text: pd.Series, member: pd.Series) -> bool:
    """Whether a χ² test finds the sides' counts of captions, and of none, nearer than by chance."""
    from scipy.special import chdtrc  # here: every job that scores imports this module

    found = pd.crosstab(text.fillna(""), member.astype(bool)).to_numpy()
    if min(found.shape) < 2:
        return False
    expected = np.outer(found.sum(axis=1), found.sum(axis=0)) / found.sum()
    return bool(chdtrc(len(found) - 1, ((found - expected) ** 2 / expected).sum()) > ALIKE)


def _plain(caption: object) -> str | None:
    if not isinstance(caption, str):
        return None
    folded = unicodedata.normalize("NFD", caption).casefold()
    folded = unicodedata.normalize("NFKD", folded).casefold()
    seen = "".join(letter for letter in folded if not _shapeless(letter))
    return " ".join(unicodedata.normalize("NFKC", seen).split()) or None


def _shapeless(letter: str) -> bool:
    """Whether a character is seen only through others: joiners, direction marks, variants."""
    return unicodedata.category(letter) == "Cf" or bool(VARIANTS.match(letter))
