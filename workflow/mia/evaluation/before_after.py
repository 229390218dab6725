"""What a defence or an unlearning changes: the same attacks on two models, on the same images.

What makes members easier or harder for both models alike cancels, so a shift between the two sides
does not pass for a change. The difference says what these attacks find. An attack that was made for
the defended model may find more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mia.evaluation.change_words import DIRECTIONS, sentence
from mia.evaluation.flags import too_few
from mia.evaluation.score_files import ScoreFiles
from mia.evaluation.scored import columns, learnt_by_block
from mia.stats.metrics import allowed_false_positives, auc, headline_limit, tpr_at_fpr
from mia.stats.paired import Difference, holm, paired_auc_difference
from mia.stats.tpr_differences import tpr_difference

TPR = ("tpr_limit", "tpr_before", "tpr_after", "tpr_change", "tpr_change_low", "tpr_change_high")
COLUMNS = [
    *("comparison", "before", "after", "attack", "n_member", "n_nonmember"),
    *("auc_before", "auc_after", "change", "low", "high", "p", "p_holm", "direction", "within"),
    *(*TPR, "sentence"),
]


def change_rows(
    name: str,
    pair: tuple[str, str],
    before: Mapping[str, pd.DataFrame],
    after: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return one row per attack: its AUC after minus its AUC before, keys as in `COLUMNS`.

    - `change`, `low`, `high`: paired, by DeLong's covariance by group; `p` is two-sided. `p_holm`
      is adjusted over the attacks, and the interval leaves out 0 exactly where `direction` is
      `lowered` or `raised` (`mia.stats.paired.Adjusted`).
    - `within`: the smallest bound that this change is shown to lie within, by two one-sided tests
      at 1 - confidence (`bound`). As each row is tested at this level, all changes together lie
      within the largest of them, without an adjustment.
    - `tpr_…`: at the smallest limit of FPR that allows ten false positives; the interval of the
      change is a paired bootstrap's, and holds alone. Empty for attacks that learn block by block,
      whose thresholds come from other images, and with too few nonmembers.

    Args:
        name: Of the comparison.
        pair: The targets before and after.
        before: Attack to its rows on the first target.
        after: The same attacks on the second, of the same images (`require_same_images`).
        settings: confidence, in (0.5, 1), resamples and seed of the bootstrap.
    """
    confidence = settings["confidence"]
    found = [_difference(after[attack], before[attack]) for attack in before]
    rows = []
    for attack, raw, adjusted in zip(before, found, holm(found, confidence), strict=True):
        one, other = before[attack], after[attack]
        member, block = columns(one, "member", "block")
        areas = [auc(table["score"].to_numpy(), member, block) for table in (one, other)]
        row = {
            "comparison": name,
            "before": pair[0],
            "after": pair[1],
            "attack": attack,
            "n_member": int(member.sum()),
            "n_nonmember": int((~member).sum()),
            "auc_before": areas[0],
            "auc_after": areas[1],
            "change": adjusted.value,
            "low": adjusted.low,
            "high": adjusted.high,
            "p": raw.p,
            "p_holm": adjusted.p,
            "direction": DIRECTIONS[adjusted.side],
            "within": bound(raw, confidence),
            **_tpr_change(one, other, settings),
        }
        rows.append({**row, "sentence": sentence(row, confidence)})
    return rows


def changes(files: ScoreFiles, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of every comparison of two targets that `settings` name (`compare`)."""
    found = []
    for name, asked in settings.get("compare", {}).items():
        pair = asked["before"], asked["after"]
        before, after = (files.rows(target, asked["attacks"]) for target in pair)
        require_same_images(name, pair, before, after)
        found += change_rows(name, pair, before, after, settings)
    return found


def bound(difference: Difference, confidence: float) -> float:
    """Return the smallest b in [0, 1] such that the 1 - 2α interval lies within ± b."""
    low, high = difference.interval(2 * confidence - 1)
    return max(abs(low), abs(high))


def require_same_images(
    name: str,
    pair: tuple[str, str],
    before: Mapping[str, pd.DataFrame],
    after: Mapping[str, pd.DataFrame],
) -> None:
    """Check that attacks are reported on the same images of two targets.

    Raises:
        ValueError: An image is in one target alone, or on another side, in another group or in
            another block in one of them; the message names comparison, targets and images.
    """
    for attack, one in before.items():
        other, alike = after[attack], ["member", "group", "block"]
        unlike, what = one.index.symmetric_difference(other.index), "in one of them alone"
        if unlike.empty:
            changed = (one[alike] != other.loc[one.index, alike]).any(axis=1)
            unlike, what = one.index[changed], "on another side, in another group or block"
        if len(unlike):
            names = sorted(unlike)
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            raise ValueError(
                f"compare.{name}: images of {pair[0]} and {pair[1]} {what}: "
                f"{', '.join(names[:5])}{more}; expected the same images, by {attack}"
            )


def _difference(after: pd.DataFrame, before: pd.DataFrame) -> Difference:
    member, group, block = columns(before, "member", "group", "block")
    new, old = (table["score"].to_numpy() for table in (after, before))
    return paired_auc_difference(new, old, member, group, block)


def _tpr_change(
    before: pd.DataFrame, after: pd.DataFrame, settings: Mapping[str, Any]
) -> dict[str, Any]:
    member, group = columns(before, "member", "group")
    nonmembers = int((~member).sum())
    limit = headline_limit(nonmembers)
    if learnt_by_block(before) or too_few(allowed_false_positives(limit, nonmembers)):
        return dict.fromkeys(TPR)
    old, new = (table["score"].to_numpy() for table in (before, after))
    resampled = settings["confidence"], group, settings["resamples"], settings["seed"]
    rates = [tpr_at_fpr(scores, member, limit).tpr for scores in (old, new)]
    change = tpr_difference(new, old, member, limit, *resampled)
    return dict(zip(TPR, (limit, *rates, *change), strict=True))
