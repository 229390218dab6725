"""Scores side by side with membership: one finite score for every image of a target."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mia.evaluation import flags


def scored(scores: pd.DataFrame, membership: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return one attack's scores, joined to the kept rows of a membership table.

    Args:
        scores: Columns image_id, score.
        membership: Columns image_id, member, group, fold, kept.
        source: Name of the score file, for the messages.

    Returns:
        Index image_id, sorted; columns score, member, group, fold.

    Raises:
        ValueError: An image is without a score, has two, has one that is not finite, or is not in
            the target; the message names the images.
    """
    rows = membership[membership["kept"].astype(bool)].set_index("image_id")
    twice = rows.index[rows.index.duplicated()].unique()
    _refuse(twice, source, "twice in the membership table; expected once")
    score = scores.set_index("image_id")["score"]
    _refuse(score.index[score.index.duplicated()].unique(), source, "scored twice; expected once")
    _refuse(rows.index.difference(score.index), source, "without a score; expected one")
    _refuse(score.index.difference(rows.index), source, "not in the target; expected its kept rows")
    score = score.astype("float64")
    wrong = score.index[flags.not_finite(score.to_numpy())]
    _refuse(wrong, source, "with a score that is not finite; expected a number")
    table = rows[["member", "group", "fold"]].assign(score=score)
    return table.astype({"member": bool}).sort_index()


def _refuse(image_ids: Iterable[str], source: str, what: str) -> None:
    image_ids = sorted(image_ids)
    if image_ids:
        more = f" and {len(image_ids) - 5} more" if len(image_ids) > 5 else ""
        raise ValueError(f"{source}: images {what}: {', '.join(image_ids[:5])}{more}")


def fold_of(rows: pd.DataFrame, fold: str, source: str) -> pd.DataFrame:
    """Return the rows of one fold.

    Raises:
        ValueError: It lacks members or nonmembers.
    """
    part = rows[rows["fold"] == fold]
    members = int(part["member"].sum())
    if not members or members == len(part):
        raise ValueError(
            f"{source}: fold {fold!r} has {members} members and {len(part) - members} nonmembers; "
            "expected some of each"
        )
    return part
