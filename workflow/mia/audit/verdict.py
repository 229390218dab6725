"""The verdict on a target: can its two sets be told apart without looking at the model?"""

from __future__ import annotations

from collections.abc import Sequence

from mia.audit.channels import Channel
from mia.audit.equivalence import equivalence_level, not_fair_level
from mia.audit.reach import bound, power, reach, would_decide

NO_BASELINE = "no blind baseline"


def verdict(
    channels: Sequence[Channel],
    margin: float,
    by_design: bool,
    n_member: int,
    n_nonmember: int,
    confidence: float = 0.95,
) -> tuple[str, str]:
    """Return the verdict as a word and as a sentence.

    - `NOT FAIR`: an interval of `NOT FAIR` lies wholly outside 0.5 ± margin. Bonferroni over
      channels: without a difference beyond the margin it is said with probability α at most.
    - `FAIR`: every channel's interval of `FAIR` lies wholly inside. The claim needs every channel,
      so it needs no correction (intersection-union test, Berger 1982): if one channel's AUC is at
      the margin or beyond, it is said with probability α at most.
    - `UNDECIDED`: anything else.
    - `BY DESIGN`: replaces the last two where chance alone made the two sets.

    Each sentence says the margin that these images would have met. `UNDECIDED` says how many would
    meet the one that is asked for. A channel that differs from chance without being outside is
    named with its p.

    Args:
        channels: Of the blind baselines; without any, nothing can be decided.
        margin: Largest |AUC - 0.5| that still counts as fair.
        by_design: Whether both sets are random parts of one collection.
        n_member: Members that are reported on.
        n_nonmember: Nonmembers in it.
        confidence: 1 − α of both claims, in (0.5, 1).
    """
    low, high = 0.5 - margin, 0.5 + margin
    band, chance = f"0.50 ± {margin:.2g}", "both sets are random parts of one collection"
    size = f"n = {n_member} members + {n_nonmember} nonmembers"
    found = reach(channels, margin, n_member, n_nonmember, confidence)
    if found is None:
        if by_design:
            return "BY DESIGN", f"BY DESIGN: {chance}; {NO_BASELINE}; {size}"
        return "UNDECIDED", f"UNDECIDED: {NO_BASELINE}"
    outside = [c for c in channels if c.not_fair_low > high or c.not_fair_high < low]
    beyond = [c for c in channels if c.p < 1 - confidence and c not in outside]
    rest = f"{size}{_beyond_chance(beyond)}; {bound(found)}"
    if outside:
        return "NOT FAIR", (
            "NOT FAIR: the two sets can be told apart without the model: blind AUC "
            f"{_outer(outside, not_fair_level(confidence, len(channels)))}, wholly outside {band}; "
            f"{rest}"
        )
    level = equivalence_level(confidence)
    if by_design:
        return "BY DESIGN", (
            f"BY DESIGN: {chance}; blind AUC {_inner(channels, level)}; {rest}; {power(found)}"
        )
    if open_ := [c for c in channels if c.fair_low < low or c.fair_high > high]:
        return "UNDECIDED", (
            f"UNDECIDED: blind AUC {_inner(open_, level)}, is neither inside nor outside {band}; "
            f"{rest}; {would_decide(found, margin)}; {power(found)}"
        )
    return "FAIR", (
        "FAIR: no blind baseline tells the two sets apart by more than the margin: "
        f"blind AUC {_inner(channels, level)}, inside {band}; {rest}"
    )


def _inner(channels: Sequence[Channel], level: float) -> str:
    """Return channels with their intervals of `FAIR` as text."""
    return _listed([(c, c.fair_low, c.fair_high) for c in channels], level)


def _outer(channels: Sequence[Channel], level: float) -> str:
    """Return channels with their intervals of `NOT FAIR` as text."""
    return _listed([(c, c.not_fair_low, c.not_fair_high) for c in channels], level)


def _listed(intervals: Sequence[tuple[Channel, float, float]], level: float) -> str:
    """Return channels with intervals of a level as text, the one farthest from 0.5 first."""
    ordered = sorted(intervals, key=lambda entry: (-entry[0].distance, entry[0].channel))
    told = ", ".join(
        f"{c.auc:.2f} [{low:.2f}–{high:.2f}] ({c.channel})" for c, low, high in ordered
    )
    return f"{told}, {100 * level:.3g} % {'interval' if len(ordered) == 1 else 'intervals'}"


def _beyond_chance(channels: Sequence[Channel]) -> str:
    told = ", ".join(f"{c.channel} (p = {c.p:.1g})" for c in sorted(channels, key=lambda c: c.p))
    return f"; beyond chance, but not beyond the margin: {told}" if told else ""
