"""Seeded cuts by group into parts of exact size. No generator, only hashes.

A group's place depends on the seed and its name alone, so neither the order of rows nor the number
of shards matters, and new images move few of the old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def place(seed: int, purpose: str, group: str) -> str:
    """Return the sort key of a group: sha256 of `{seed}:{purpose}:{group}`, hexadecimal."""
    return hashlib.sha256(f"{seed}:{purpose}:{group}".encode()).hexdigest()


def parts(sizes: Mapping[str, int], wanted: Mapping[str, int], seed: int) -> dict[str, str]:
    """Return a part for every group: parts have exact size, what is left over is `rest`.

    Args:
        sizes: Group to number of images in it.
        wanted: Part to number of images, filled in the order of their names.
        seed: The experiment's seed.

    Returns:
        Group to part. No group is in two parts.

    Raises:
        ValueError: The groups do not give the numbers wanted; the message has both.

    >>> sorted(parts({"a": 1, "b": 2, "c": 1}, {"x": 2, "y": 2}, seed=0).values())
    ['x', 'x', 'y']
    """
    left = sorted(sizes, key=lambda group: place(seed, "split", group))
    dealt, filled = {}, {}
    for part in sorted(wanted):
        room = wanted[part]
        for group in left:
            if sizes[group] <= room:
                dealt[group] = part
                room -= sizes[group]
            if not room:
                break
        left = [group for group in left if group not in dealt]
        filled[part] = wanted[part] - room
    if filled != dict(wanted):
        raise ValueError(
            f"split: too few images: {sum(sizes.values())} kept in {len(sizes)} groups; wanted "
            + ", ".join(f"{part} {wanted[part]} (got {filled[part]})" for part in sorted(wanted))
        )
    return {**dealt, **dict.fromkeys(left, "rest")}
