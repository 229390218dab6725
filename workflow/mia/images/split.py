"""Seeded cuts by group: parts of exact size, folds of equal shares. No generator, only hashes.

A group's place depends on the seed and its name alone, so neither the order of rows nor the number
of shards matters, and new images move few of the old.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

FIT, CALIBRATION, EVALUATION = "fit", "calibration", "evaluation"
BLOCKS = 6
FIFTHS = (FIT, CALIBRATION, CALIBRATION, EVALUATION, EVALUATION)


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


def folds(
    groups: pd.Series, member: pd.Series, seed: int, evenly: pd.Series | None = None
) -> dict[str, str]:
    """Return `calibration` or `evaluation` for every group, each class in equal halves.

    Large groups come first. Each goes to the fold that leaves members and nonmembers most even; the
    seed decides where it makes no difference.

    Args:
        groups: Group of every row.
        member: Its class, bool, the same index.
        seed: The experiment's seed.
        evenly: Labels, None where there is none. Groups whose first rows have one label are also
            dealt in equal halves of each class; this rule comes before all others.

    Returns:
        Group to fold. With enough single images each class is halved to within one.

    >>> sorted(folds(pd.Series(["a", "b"]), pd.Series([True, True]), seed=0).values())
    ['calibration', 'evaluation']
    """
    label = _labels(groups, evenly)
    found = {}
    # How many more images of each class, and of each label, calibration has than evaluation.
    ahead: Counter[tuple[str | None, int]] = Counter()
    for digest, group, *size in _large_first(groups, member, seed):
        calibrates = int(digest[0], 16) % 2 == 0
        for of in (None, label.get(group)):
            added, not_added = (
                _unevenness([ahead[of, side] + sign * n for side, n in enumerate(size)], of)
                for sign in (1, -1)
            )
            calibrates = calibrates if added == not_added else added < not_added
        found[group] = CALIBRATION if calibrates else EVALUATION
        for of in {None, label.get(group)}:
            for side, n in enumerate(size):
                ahead[of, side] += n if calibrates else -n
    return found


def _unevenness(ahead: Sequence[int], label: str | None) -> int:
    """Return how far two folds are from even; a label's sides should be ahead alike."""
    members, nonmembers = ahead
    apart = 0 if label is None else abs(members - nonmembers)
    return abs(members) + abs(nonmembers) + apart


def folds_to_match(
    groups: pd.Series, member: pd.Series, seed: int, evenly: pd.Series | None = None
) -> dict[str, str]:
    """Return `fit`, `calibration` or `evaluation` for every group: 20, 40 and 40 %.

    Args:
        groups, member, seed, evenly: As in `folds`.

    Returns:
        Group to fold.
    """
    dealt = _dealt(groups, member, seed, evenly, len(FIFTHS), "fold")
    return {group: FIFTHS[fifth] for group, fifth in dealt.items()}


def blocks(
    groups: pd.Series, member: pd.Series, seed: int, evenly: pd.Series | None = None
) -> dict[str, int]:
    """Return the block of every group, from 0: `BLOCKS` of them, each class in equal shares.

    What an attack learns from some blocks it is judged on in the next one. There are fewer blocks
    where a class has so few groups that a block would lack it.

    Args:
        groups, member, seed, evenly: As in `folds`.

    Raises:
        ValueError: Not even two blocks have both classes.
    """
    for count in range(BLOCKS, 1, -1):
        dealt = _dealt(groups, member, seed, evenly, count, "block")
        there = pd.crosstab(groups.map(dealt), member.astype(bool))
        if there.shape == (count, 2) and (there > 0).all(axis=None):
            return dealt
    raise ValueError(
        f"{member.sum()} members and {(~member).sum()} nonmembers in {groups.nunique()} groups "
        "make no two blocks that have both; expected more images"
    )


def _dealt(
    groups: pd.Series,
    member: pd.Series,
    seed: int,
    evenly: pd.Series | None,
    count: int,
    purpose: str,
) -> dict[str, int]:
    """Return one of `count` bins for every group, each class dealt alike.

    Large groups come first. Each goes to the bin that has the fewest of its classes so far; the
    seed decides where it makes no difference.
    """
    label = _labels(groups, evenly)
    found = {}
    held: Counter[tuple[str | None, int, int]] = Counter()
    for digest, group, *size in _large_first(groups, member, seed, purpose):
        best: Sequence[int] = range(count)
        for of in (label.get(group), None):
            crowd = {
                a_bin: sum(held[of, a_bin, side] * n for side, n in enumerate(size))
                for a_bin in best
            }
            best = [a_bin for a_bin in best if crowd[a_bin] == min(crowd.values())]
        chosen = best[int(digest, 16) % len(best)]
        found[group] = chosen
        for of in {None, label.get(group)}:
            for side, n in enumerate(size):
                held[of, chosen, side] += n
    return found


def _labels(groups: pd.Series, evenly: pd.Series | None) -> dict[str, str]:
    """Label of each group that has one."""
    return {} if evenly is None else evenly.groupby(groups).first().dropna().to_dict()


def _large_first(
    groups: pd.Series, member: pd.Series, seed: int, purpose: str = "fold"
) -> Iterator[tuple[str, str, int, int]]:
    """Yield (digest, group, members, nonmembers), large groups first, equal ones by digest."""
    counts = pd.crosstab(groups, member.astype(bool)).reindex(columns=[True, False], fill_value=0)
    order = sorted(
        (-members - nonmembers, place(seed, purpose, group), group, members, nonmembers)
        for group, members, nonmembers in counts.itertuples()
    )
    yield from (entry[1:] for entry in order)
