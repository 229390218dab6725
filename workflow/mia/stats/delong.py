"""AUCs of several scores on the same images, with their covariance by group and by block.

Scores are floats `(attacks, images)`, higher = more member-like. `member` is bool `(images,)`.
`group` labels images that vary together `(images,)`; by default every image is its own group.

`block` `(images,)` holds integers. Block k was scored by what was fitted on the blocks before it.
The AUC is then the mean over blocks of the AUC within each. Given the blocks before it, the AUC of
a block without signal has the expectation 0.5. So the errors of the blocks form a martingale, and
their variances add up although they share what was fitted. A group lies in one block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd


def auc_covariance(
    scores: np.ndarray,
    member: np.ndarray,
    group: np.ndarray | None = None,
    block: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUCs `(attacks,)` of several scores and their covariance `(attacks, attacks)`.

    The estimate is that of DeLong, DeLong & Clarke-Pearson 1988, by the midranks of Sun & Xu 2014.
    Images of one group vary together, so their structural components are summed first, as in
    Obuchowski 1997. With single images this is DeLong's own estimate. A class of one group shows no
    variance. With `block`, the AUC is the mean over blocks, and the covariance is the sum of the
    blocks' covariances / blocks².

    Raises:
        ValueError: A class is empty, of all images or of a block; `block` holds other than
            integers or has another length; a group lies in two blocks.
    """
    scores, member = np.asarray(scores, dtype=float), np.asarray(member, dtype=bool)
    block = None if block is None else np.asarray(block)
    parts = list(by_block(member, group, block))
    values, covariance = np.zeros(len(scores)), np.zeros((len(scores), len(scores)))
    for inside, of_inside in parts:
        _require_both(member[inside], "" if block is None else f"in block {block[inside][0]} ")
        one, spread = _of_block(scores[:, inside], member[inside], of_inside)
        values += one / len(parts)
        covariance += spread / len(parts) ** 2
    return values, covariance


def groups_of(member: np.ndarray, group: np.ndarray | None = None) -> tuple[int, int]:
    """Return how many groups members and nonmembers form; by default every image is its own."""
    member = np.asarray(member, dtype=bool)
    group = np.arange(len(member)) if group is None else np.asarray(group)
    return len(np.unique(group[member])), len(np.unique(group[~member]))


def independent_pairs(
    member: np.ndarray, group: np.ndarray | None = None, block: np.ndarray | None = None
) -> int:
    """Return how many member-nonmember pairs share no group: the smaller count of groups.

    With `block`, the counts of the blocks add up. But where the count of a block is below two, that
    block shows no variance, and its count is returned.
    """
    member = np.asarray(member, dtype=bool)
    counts = [
        min(groups_of(member[inside], of_inside))
        for inside, of_inside in by_block(member, group, block)
    ]
    return min(counts) if min(counts) < 2 else sum(counts)


def degrees_of_freedom(
    member: np.ndarray, group: np.ndarray | None = None, block: np.ndarray | None = None
) -> float:
    """Return the degrees of freedom of the variance by group; infinity for single images.

    They are the smaller count of groups - 1, summed over blocks, and never below 1.
    """
    if group is None or len(np.unique(group)) == len(group):
        return math.inf
    member = np.asarray(member, dtype=bool)
    parts = by_block(member, group, block)
    return max(1, sum(min(groups_of(member[inside], own)) - 1 for inside, own in parts))


def block_sizes(member: np.ndarray, block: np.ndarray | None = None) -> np.ndarray:
    """Return the members and nonmembers of each block, integers `(blocks, 2)`."""
    member = np.asarray(member, dtype=bool)
    sides = [member[inside] for inside, _ in by_block(member, None, block)]
    return np.array([(side.sum(), (~side).sum()) for side in sides])


def by_block(
    member: np.ndarray, group: np.ndarray | None, block: np.ndarray | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield which images lie in each block, bool `(images,)`, and the groups of these.

    Without `block` there is one block of all images.

    Raises:
        ValueError: `block` holds other than integers or has another length; a group lies in two.
    """
    group = np.arange(len(member)) if group is None else np.asarray(group)
    if block is None:
        yield np.ones(len(member), dtype=bool), group
        return
    block = np.asarray(block)
    if block.shape != member.shape or not np.issubdtype(block.dtype, np.integer):
        raise ValueError(
            f"block must hold one integer per image, {len(member)} in all,"
            f" got {block.dtype} of shape {block.shape}"
        )
    _require_one_block(group, block)
    for label in np.unique(block):
        inside = block == label
        yield inside, group[inside]


def _require_both(member: np.ndarray, where: str) -> None:
    members, nonmembers = int(member.sum()), int((~member).sum())
    if not members or not nonmembers:
        raise ValueError(
            f"an AUC {where}needs both classes, got {members} members, {nonmembers} nonmembers"
        )


def _require_one_block(group: np.ndarray, block: np.ndarray) -> None:
    labels, place = np.unique(group, return_inverse=True)
    lowest = np.full(len(labels), np.iinfo(np.int64).max)
    highest = np.full(len(labels), np.iinfo(np.int64).min)
    np.minimum.at(lowest, place, block)
    np.maximum.at(highest, place, block)
    for i in np.flatnonzero(lowest != highest)[:1]:
        raise ValueError(
            f"group {labels[i]} lies in blocks {lowest[i]} and {highest[i]}: expected one block"
        )


def _of_block(
    scores: np.ndarray, member: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return AUCs and covariance of images that were all scored alike."""
    everywhere = _ranks(scores)
    won = (everywhere[:, member] - _ranks(scores[:, member])) / (~member).sum()
    lost = 1 - (everywhere[:, ~member] - _ranks(scores[:, ~member])) / member.sum()
    values = won.mean(axis=1)
    labels, place = np.unique(group, return_inverse=True)
    sums = np.zeros((len(scores), len(labels)))
    for side, part in ((member, won), (~member, lost)):
        groups = len(np.unique(place[side]))
        weight = math.sqrt(groups / max(groups - 1, 1)) / side.sum()
        for row, components in enumerate(weight * (part - values[:, None])):
            sums[row] += np.bincount(place[side], components, minlength=len(labels))
    return values, sums @ sums.T


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Return ranks within each row, from 1; ties share their mean."""
    return pd.DataFrame(scores.T).rank().to_numpy().T
