"""Folds and blocks of a target's images, dealt by group. No generator, only hashes.

A group's place depends on the seed and its name alone, as in `mia.images.split`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from mia.images.split import place

FIT, CALIBRATION, EVALUATION = "fit", "calibration", "evaluation"
BLOCKS = 6
FIFTHS = (FIT, CALIBRATION, CALIBRATION, EVALUATION, EVALUATION)


def halves(
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

    >>> sorted(halves(pd.Series(["a", "b"]), pd.Series([True, True]), seed=0).values())
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


def fifths(
    groups: pd.Series, member: pd.Series, seed: int, evenly: pd.Series | None = None
) -> dict[str, str]:
    """Return `fit`, `calibration` or `evaluation` for every group: 20, 40 and 40 %.

    Args:
        groups, member, seed, evenly: As in `halves`.

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
        groups, member, seed, evenly: As in `halves`.

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

    Large groups come first. Each goes to the bin that has the fewest of its classes so far: of its
    label, if it has one, and there to one where the other class is ahead, so that no bin has more
    members than nonmembers of a label; then of all images. The seed decides what is left.
    """
    label = _labels(groups, evenly)
    found = {}
    held: Counter[tuple[str | None, int, int]] = Counter()

    def order(a_bin: int, size: Sequence[int], named: str | None) -> tuple[int, ...]:
        """Return by what bins are chosen, the least first."""

        def crowd(of: str | None, counts: Sequence[int]) -> int:
            return sum(held[of, a_bin, side] * n for side, n in enumerate(counts))

        if named is None:
            return (crowd(None, size),)
        return crowd(named, size), -crowd(named, size[::-1]), crowd(None, size)

    for digest, group, *size in _large_first(groups, member, seed, purpose):
        named = label.get(group)
        orders = [order(a_bin, size, named) for a_bin in range(count)]
        best = [a_bin for a_bin, one in enumerate(orders) if one == min(orders)]
        chosen = best[int(digest, 16) % len(best)]
        found[group] = chosen
        for of in {None, named}:
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
