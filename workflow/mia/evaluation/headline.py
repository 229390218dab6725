"""The limit of the FPR at which a target's TPR is told first.

It is the smallest that allows ten false positives (`metrics.headline_limit`): below ten, a handful
of nonmembers decide the TPR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mia.stats.metrics import FEW, FPR_LIMITS, allowed_false_positives, headline_limit


def nonmembers_of(rows: Iterable[Mapping[str, Any]]) -> int:
    """Return how many nonmembers a target has: the most that any of its rows is reported on.

    Attacks that learn are reported on fewer; where these allow fewer than ten, the row is flagged.
    """
    return max((int(row["n_nonmember"]) for row in rows), default=0)


def target_limit(rows: Iterable[Mapping[str, Any]]) -> float:
    """Return the headline limit of a target, one for all its rows.

    >>> target_limit([{"n_nonmember": 774}, {"n_nonmember": 645}])
    0.1
    """
    return headline_limit(nonmembers_of(rows))


def limits_in_order(first: float) -> list[float]:
    """Return `FPR_LIMITS`, `first` before the others."""
    return [first, *(limit for limit in FPR_LIMITS if limit != first)]


def allowances(nonmembers: int, first: float | None = None) -> str:
    """Say how many false positives the headline limit allows, and the next smaller one.

    Args:
        nonmembers: Those that are reported on.
        first: The headline limit, where it is not theirs but that of their target.

    >>> print(allowances(774))
    10 % FPR allows 77 false positives, 1 % allows 7
    >>> allowances(20_000), allowances(50)
    ('0.1 % FPR allows 20 false positives', '10 % FPR allows 5 false positives')
    """
    first = first or headline_limit(nonmembers)
    allowed = {limit: allowed_false_positives(limit, nonmembers) for limit in FPR_LIMITS}
    plural = "" if allowed[first] == 1 else "s"
    told = f"{100 * first:g} % FPR allows {allowed[first]} false positive{plural}"
    smaller = max((limit for limit in FPR_LIMITS if limit < first), default=None)
    if smaller is None or allowed[first] < FEW:
        return told
    return f"{told}, {100 * smaller:g} % allows {allowed[smaller]}"


def sentence(nonmembers: int) -> str:
    """Say at which limit a target's TPR is to be read, and why."""
    first = f"{100 * headline_limit(nonmembers):g} % FPR"
    if allowed_false_positives(headline_limit(nonmembers), nonmembers) < FEW:
        return (
            f"No limit allows {FEW} false positives here: of {nonmembers} nonmembers, "
            f"{allowances(nonmembers)}. Read the TPR at {first} first, with its range."
        )
    return (
        f"Read the TPR at {first} first: the smallest limit that allows {FEW} false positives. Of "
        f"{nonmembers} nonmembers, {allowances(nonmembers)}."
    )
