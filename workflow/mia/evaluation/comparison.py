"""Is an attack better than looking at the images alone? Paired, on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mia.evaluation.gain import Gain
from mia.evaluation.scored import columns, side_by_side
from mia.stats.holm import holm_adjusted
from mia.stats.metrics import auc
from mia.stats.paired import Difference, difference_from_chance, holm, paired_auc_difference

UNDECIDED = "undecided"
WORDS = {1: "yes", -1: "no", 0: UNDECIDED}  # side of an interval: whether a number is above


@dataclass(frozen=True)
class Comparison:
    """AUC(attack) - max(AUC(blind), 1 - AUC(blind)).

    Args:
        attack: Name of the attack.
        blind: Name of the blind baseline.
        value: The difference, in [-1, 1].
        low: Lower end of the interval (`mia.stats.paired.Adjusted`), which leaves out 0 exactly
            when `p` < 1 - confidence.
        high: Upper end.
        p: Two-sided, Holm-adjusted over all comparisons of the target.
        side: 1 if the interval lies above 0, -1 if below, else 0.
        p_alone: Two-sided, of this comparison alone.
    """

    attack: str
    blind: str
    value: float
    low: float
    high: float
    p: float
    side: int
    p_alone: float


def compare(
    attacks: Mapping[str, pd.DataFrame],
    blinds: Mapping[str, pd.DataFrame],
    confidence: float,
) -> list[Comparison]:
    """Return the comparison of every attack with every blind baseline.

    Args:
        attacks: Name to reported rows (`mia.evaluation.scored.reported`).
        blinds: The same of the blind baselines; each is turned so that its AUC is at least 0.5.
        confidence: Of all sides at once, and of each interval.
    """
    pairs = [(attack, blind) for attack in attacks for blind in blinds]
    found = [_difference(attacks[attack], blinds[blind]) for attack, blind in pairs]
    return [
        Comparison(*pair, **vars(adjusted), p_alone=raw.p)
        for pair, raw, adjusted in zip(pairs, found, holm(found, confidence), strict=True)
    ]


def _difference(attack: pd.DataFrame, blind: pd.DataFrame) -> Difference:
    """Return AUC(attack) - max(AUC(blind), 1 - AUC(blind)) on the images that both report on."""
    both = side_by_side({"attack": attack, "blind": blind})
    score, other = (both[name]["score"].to_numpy() for name in ("attack", "blind"))
    member, group, block = columns(both["attack"], "member", "group", "block")
    if auc(other, member, block) < 0.5:
        other = -other
    return paired_auc_difference(score, other, member, group, block)


def above_blind(comparisons: Sequence[Comparison], confidence: float) -> dict[str, str]:
    """Return attack to `yes`, `no` or `undecided`: is it above every blind baseline?

    `yes` needs every difference above 0: the largest of an attack's p counts (an intersection-union
    test), Holm-adjusted over attacks. `no`: one of its differences lies below 0, adjusted over all.
    """
    of_attack: dict[str, list[Comparison]] = {}
    for comparison in comparisons:
        of_attack.setdefault(comparison.attack, []).append(comparison)
    least_sure = [max(one.p_alone for one in mine) for mine in of_attack.values()]
    answers = {}
    for (attack, mine), p in zip(of_attack.items(), holm_adjusted(least_sure), strict=True):
        above = p < 1 - confidence and all(one.value > 0 for one in mine)
        below = any(one.side < 0 for one in mine)
        answers[attack] = "yes" if above else "no" if below else UNDECIDED
    return answers


def speaks_of_model(answer: str, verdict: str, gain: Gain | None) -> str:
    """Return the answer of `above_blind` as far as it says something about the model.

    A baseline that sees less than the attack cannot clear it: `yes` stands where the sets are
    alike, or where the attack also gains over its control models (`mia.evaluation.gain`).
    """
    cleared = verdict in ("FAIR", "BY DESIGN") or (gain is not None and gain.found)
    return UNDECIDED if answer == "yes" and not cleared else answer


def above_chance(rows: Mapping[str, pd.DataFrame], confidence: float) -> dict[str, str]:
    """Return attack to `yes` where its AUC is above 0.5, `no` where below, else `undecided`.

    The test is DeLong's by group, two-sided, Holm-adjusted over the attacks: all answers hold at
    once.

    Args:
        rows: Attack to reported rows.
        confidence: Of all answers at once.
    """
    found = [
        difference_from_chance(*columns(table, "score", "member", "group", "block"))
        for table in rows.values()
    ]
    adjusted = holm(found, confidence)
    return {name: WORDS[one.side] for name, one in zip(rows, adjusted, strict=True)}


def compare_rows(
    rows: Mapping[str, pd.DataFrame], blind: Sequence[str], confidence: float
) -> list[Comparison]:
    """Return the comparisons of one target's attacks, from their reported rows.

    Args:
        rows: Attack name to reported rows.
        blind: Which of them are blind baselines.
    """
    attacks = {name: table for name, table in rows.items() if name not in blind}
    return compare(attacks, {name: rows[name] for name in blind}, confidence)
