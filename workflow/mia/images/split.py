"""Seeded cuts by group: parts of exact size, folds of equal shares. No generator, only hashes.

A group's place depends on the seed and its name alone, so neither the order of rows nor the number
of shards matters, and new pictures move few of the old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import pandas as pd

FIT, CALIBRATION, EVALUATION = "fit", "calibration", "evaluation"
FIFTHS = (FIT, CALIBRATION, CALIBRATION, EVALUATION, EVALUATION)


def place(seed: int, purpose: str, group: str) -> str:
    """Return the sort key of a group: sha256 of `{seed}:{purpose}:{group}`, hexadecimal."""
    return hashlib.sha256(f"{seed}:{purpose}:{group}".encode()).hexdigest()


def parts(sizes: Mapping[str, int], wanted: Mapping[str, int], seed: int) -> dict[str, str]:
    """Deal groups out to parts of exact size; what is left over is `rest`.

    Args:
        sizes: Group to number of pictures in it.
        wanted: Part to number of pictures, filled in the order of their names.
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
            f"split: too few pictures: {sum(sizes.values())} kept in {len(sizes)} groups; wanted "
            + ", ".join(f"{part} {wanted[part]} (got {filled[part]})" for part in sorted(wanted))
        )
    return {**dealt, **dict.fromkeys(left, "rest")}


def folds(groups: pd.Series, member: pd.Series, seed: int) -> dict[str, str]:
    """Deal groups out to the folds `calibration` and `evaluation`, each class in equal halves.

    Large groups come first, each to the fold that leaves members and nonmembers most even; the
    seed decides where it makes no difference.

    Args:
        groups: Group of every row.
        member: Its class, bool, the same index.
        seed: The experiment's seed.

    Returns:
        Group to fold. With enough single pictures each class is halved to within one.

    >>> sorted(folds(pd.Series(["a", "b"]), pd.Series([True, True]), seed=0).values())
    ['calibration', 'evaluation']
    """
    found, ahead = {}, [0, 0]  # how many more of each class calibration has
    for digest, group, *size in _large_first(groups, member, seed):
        if_added = sum(abs(a + n) for a, n in zip(ahead, size, strict=True))
        if_not = sum(abs(a - n) for a, n in zip(ahead, size, strict=True))
        drawn = int(digest[0], 16) % 2 == 0
        calibrates = drawn if if_added == if_not else if_added < if_not
        found[group] = CALIBRATION if calibrates else EVALUATION
        ahead = [a + n if calibrates else a - n for a, n in zip(ahead, size, strict=True)]
    return found


def folds_to_match(groups: pd.Series, member: pd.Series, seed: int) -> dict[str, str]:
    """Deal groups out to the folds `fit`, `calibration` and `evaluation`, 20, 40 and 40 %.

    Each class alike: large groups come first, each to the fifth of the pictures that has the fewest
    of its classes so far; the seed decides where it makes no difference.

    Args:
        groups: Group of every row.
        member: Its class, bool, the same index.
        seed: The experiment's seed.

    Returns:
        Group to fold.
    """
    found, held = {}, [[0, 0] for _ in FIFTHS]
    for digest, group, *size in _large_first(groups, member, seed):
        crowd = [sum(h * n for h, n in zip(fifth, size, strict=True)) for fifth in held]
        best = [n for n, crowding in enumerate(crowd) if crowding == min(crowd)]
        chosen = best[int(digest, 16) % len(best)]
        found[group] = FIFTHS[chosen]
        held[chosen] = [h + n for h, n in zip(held[chosen], size, strict=True)]
    return found


def _large_first(
    groups: pd.Series, member: pd.Series, seed: int
) -> Iterator[tuple[str, str, int, int]]:
    """Yield (digest, group, members, nonmembers), large groups first, equal ones by digest."""
    counts = pd.crosstab(groups, member.astype(bool)).reindex(columns=[True, False], fill_value=0)
    order = sorted(
        (-members - nonmembers, place(seed, "fold", group), group, members, nonmembers)
        for group, members, nonmembers in counts.itertuples()
    )
    yield from (entry[1:] for entry in order)
