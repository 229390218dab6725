"""Scores side by side with membership, and the images that an attack is reported on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from mia.evaluation import flags

CONTROL = "control_"  # a column of this prefix is the score on a control model
REPLICATE = "replicate_"  # and this on another model from the same training
OTHERS = (CONTROL, REPLICATE)


def scored(scores: pd.DataFrame, membership: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return one attack's scores, joined to the kept rows of a membership table.

    Args:
        scores: Columns image_id, score; `block`, if the attack learnt block by block; `control_…`,
            if it was tried on control models.
        membership: Columns image_id, member, group, fold, block, kept.
        source: Name of the score file, for the messages.

    Returns:
        Index image_id, sorted; columns score, `control_…`, member, group, fold, block. Where the
        attack learnt block by block, images of the first block have no score (NaN).

    Raises:
        ValueError: An image is without a score, has two, has one that is not finite, or is not in
            the target; the message names the images.
    """
    rows = membership[membership["kept"].astype(bool)].set_index("image_id")
    twice = rows.index[rows.index.duplicated()].unique()
    _refuse(twice, source, "twice in the membership table; expected once")
    given = scores.set_index("image_id")
    given = given[[name for name in given if name == "score" or name.startswith(OTHERS)]]
    score = given["score"]
    _refuse(score.index[score.index.duplicated()].unique(), source, "scored twice; expected once")
    _refuse(rows.index.difference(score.index), source, "without a score; expected one")
    _refuse(score.index.difference(rows.index), source, "not in the target; expected its kept rows")
    given = given.astype("float64")
    first = rows.index[rows["block"] <= 0] if "block" in scores else []
    wrong = given.index[flags.not_finite(given.to_numpy()).any(axis=1)].difference(first)
    _refuse(wrong, source, "with a score that is not finite; expected a number")
    table = rows[["member", "group", "fold", "block"]].join(given)
    return table.astype({"member": bool}).sort_index()


def _refuse(image_ids: Iterable[str], source: str, what: str) -> None:
    image_ids = sorted(image_ids)
    if image_ids:
        more = f" and {len(image_ids) - 5} more" if len(image_ids) > 5 else ""
        raise ValueError(f"{source}: images {what}: {', '.join(image_ids[:5])}{more}")


def reported(rows: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the rows that an attack is reported on (`mia.targets.blocks`).

    Args:
        rows: As `scored` returns them.
        source: Name of the score file, for the messages.

    Returns:
        Columns score, member, group, fold, block. Where the attack learnt block by block, its
        numbers are means over `block`; elsewhere `block` is 0 throughout.

    Raises:
        ValueError: There are no members or no nonmembers.
    """
    by_block = rows["score"].isna().any()
    part = rows[(rows["block"] >= 0) & rows["score"].notna()]
    members = int(part["member"].sum())
    if not members or members == len(part):
        raise ValueError(
            f"{source}: {members} members and {len(part) - members} nonmembers are reported on; "
            "expected some of each"
        )
    return part if by_block else part.assign(block=0)


def learnt_by_block(part: pd.DataFrame) -> bool:
    """Whether reported rows are of an attack that learnt block by block."""
    return bool(part["block"].max() > 0)


def side_by_side(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return reported rows of several attacks on the images that all of them are reported on.

    Where one learnt block by block, the blocks are those of all, so that differences are means
    over the same blocks.
    """
    by_block = [table for table in tables.values() if learnt_by_block(table)]
    if not by_block:
        return dict(tables)
    block = by_block[0]["block"]
    return {name: table.loc[block.index].assign(block=block) for name, table in tables.items()}


def columns(part: pd.DataFrame, *names: str) -> list[np.ndarray]:
    """Return columns of reported rows as arrays."""
    return [part[name].to_numpy() for name in names]


def comparable(part: pd.DataFrame, rows: pd.DataFrame | None = None) -> pd.Series:
    """Return scores that can be drawn on one axis: in deviations from their block's mean.

    Scores of an attack that learnt nothing, or once, stay as they are.

    Args:
        part: Reported rows; mean and deviation are those of their blocks.
        rows: Rows of the same blocks whose scores are returned; by default `part`.
    """
    rows = part if rows is None else rows
    if not learnt_by_block(part):
        return rows["score"]
    of_block = part.groupby("block")["score"]
    mean, spread = (rows["block"].map(each) for each in (of_block.mean(), of_block.std(ddof=0)))
    return (rows["score"] - mean) / spread.where(spread > 0, 1.0)
