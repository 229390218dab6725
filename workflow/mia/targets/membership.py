"""Who is a member in a target: both sides compared, groups joined across them, folds dealt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.images.duplicates.components import components, links
from mia.images.duplicates.pairs import REVIEW, matches
from mia.targets import equal_captions, folds, nearness
from mia.targets.blocks import blocks_of
from mia.targets.known_pictures import Index
from mia.targets.matching.method import Method, unmatched
from mia.targets.sufficiency import SIDES, require_both, require_folds

COLUMNS = ["set", "key", "image_id", "member", "group", "fold", "block", "kept", "reason"]
IN_PAIRS = ["set", "key", "image_id", "part"]
PAIRS = [f"{column}_{side}" for column in IN_PAIRS for side in "ab"]
PAIRS += ["distance", "rmse", "mirrored", "cosine", "kind"]


def build(
    manifests: Mapping[str, pd.DataFrame],
    spec: Mapping[str, Any],
    matching: Method | None = None,
    known: Index | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the membership of a target, and its pairs of a member and a nonmember.

    The membership has every row of both sides that the manifests kept. It drops

    - a nonmember that duplicates an image the model has learnt (bytes, hash and thumbnail, mirror
      image) or is in the index of known training images
    - the later of two images with equal bytes within a side
    - with `isolate`, an image of either side that has a neighbour among what the model has learnt

    Groups are the manifests'. Duplicates, families and equal captions (`equal_captions.together`)
    join them across the sides. A group is in one fold and one block. With matching there is a third
    fold, `fit`; rows of the other folds that find no match are dropped.

    `block` says where an image is reported on (`mia.targets.blocks`): -1 nowhere.

    Args:
        manifests: Image set to manifest; with matching, all its columns.
        spec: `members` and `nonmembers` as [set, parts], `duplicates`, `seed`, `design`;
            `isolate` (`phash` in bits, `embedding` as a cosine, or both) if wanted; `learnt`:
            whether the model has learnt the `kept` rows of the members' parts, or `all` of them.
        matching: A module of `mia.targets.matching`, if the sides are to be matched.
        known: The index of known training images, if there is one.

    Returns:
        The membership: `COLUMNS` and, with an index, those of `nearness.look_up`; sorted by set and
        key; `image_id` is unique among the kept rows. The pairs: `PAIRS`, sorted by sets and keys;
        `a` is on the members' side, `b` on the nonmembers'; kinds are those of
        `duplicates.matches`. An image of the members' parts that the model has learnt is there
        even if it is no row of the membership.

    Raises:
        ValueError: A side or one of its folds is empty; the message counts planned, downloaded,
            kept and dropped rows of every part.
    """
    rows = pd.concat([_side(manifests, spec, side) for side in SIDES])
    rows = rows.astype(dict.fromkeys(["member", "listed", "kept"], bool))
    rows = rows.sort_values(["set", "key"], ignore_index=True)
    members, nonmembers = (np.flatnonzero(rows["member"] == flag) for flag in (True, False))
    found = matches(rows.iloc[members], rows.iloc[nonmembers], spec["duplicates"])
    found["a"], found["b"] = members[found["a"]], nonmembers[found["b"]]
    pairs = _recorded(rows, found)
    same = found["kind"] != REVIEW
    a, b = (found.loc[same, side].to_numpy() for side in "ab")
    rows = rows.assign(reason="")
    _drop(rows, b, a, "duplicate of member")
    _drop(rows, *_later_copies(rows), "same image as")
    learnt = rows[rows["member"]]
    if known is not None:
        rows = rows.join(nearness.look_up(rows, known, spec["duplicates"]))
        _strike(rows, rows["in_index"] & ~rows["member"], "in the known training index")
    if "isolate" in spec:
        near = _has_neighbour(rows, learnt, known, spec)
        _strike(rows, near, "near another image of the training set")
    rows["group"] = _joined_groups(rows, a, b)
    rows = rows[rows["listed"]].reset_index(drop=True)
    require_both(rows, manifests, spec)
    kept = rows[rows["kept"]]
    evenly = equal_captions.evenly(kept["caption"], kept["member"])
    deal = folds.fifths if matching else folds.halves
    dealt = deal(kept["group"], kept["member"], spec["seed"], evenly)
    # A dropped row has no fold of its own if its group has no kept row.
    rows["fold"] = rows["group"].map(dealt).fillna(folds.CALIBRATION)
    reported = [folds.CALIBRATION, folds.EVALUATION]
    require_folds(rows, [folds.FIT, *reported] if matching else reported, manifests, spec)
    if matching:
        _leave_out(rows, unmatched(rows[rows["kept"]], matching, spec["seed"]))
        require_folds(rows, reported, manifests, spec)
    rows["block"] = blocks_of(rows, spec["design"], spec["seed"])
    if rows.loc[rows["kept"], "image_id"].duplicated().any():
        raise ValueError("image_id is not unique among the kept rows")
    return rows[[*COLUMNS, *(name for name in nearness.LOOKED_UP if name in rows)]], pairs


def _recorded(rows: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Pairs of positions as the table of pairs has them."""
    for side in "ab":
        of_side = rows[IN_PAIRS].add_suffix(f"_{side}").iloc[found[side]]
        found = found.join(of_side.reset_index(drop=True))
    return found[PAIRS].sort_values(PAIRS[:4], ignore_index=True)


def _side(
    manifests: Mapping[str, pd.DataFrame], spec: Mapping[str, Any], side: str
) -> pd.DataFrame:
    """Return one side's rows; `listed` are those the manifest kept, others are only learnt."""
    name, parts = spec[side]
    rows = manifests[name].assign(set=name, member=SIDES[side], listed=manifests[name]["kept"])
    unlisted = SIDES[side] and spec.get("learnt") == "all"
    wanted = rows["status"] == "success" if unlisted else rows["kept"].astype(bool)
    return rows[rows["part"].isin(parts) & wanted]


def _has_neighbour(
    rows: pd.DataFrame, learnt: pd.DataFrame, known: Index | None, spec: Mapping[str, Any]
) -> np.ndarray:
    """Whether each row has another image near it among the members or in the index."""
    near = nearness.near_members(rows, learnt, spec["isolate"])
    if known is not None:
        # A member has an entry of its own in an index of the training set.
        for member, own in ((True, spec["duplicates"]), (False, None)):
            side = (rows["member"] == member).to_numpy(bool)
            near[side] |= nearness.near_index(rows[side], known, spec["isolate"], own)
    return near


def _strike(rows: pd.DataFrame, chosen: pd.Series | np.ndarray, why: str) -> None:
    """Drop chosen rows, in place, unless they are dropped already."""
    rows.loc[rows["kept"] & chosen, ["kept", "reason"]] = False, why


def _drop(rows: pd.DataFrame, dropped: np.ndarray, instead: np.ndarray, why: str) -> None:
    """Mark rows, in place, naming the first row that each one gives way to."""
    pairs = pd.DataFrame({"dropped": dropped, "instead": instead})
    pairs = pairs.sort_values(["dropped", "instead"]).drop_duplicates("dropped")
    for position, other in pairs.itertuples(index=False):
        rows.loc[position, "kept"] = False
        rows.loc[position, "reason"] = f"{why} {rows['key'][other]} of {rows['set'][other]}"


def _leave_out(rows: pd.DataFrame, reasons: pd.Series) -> None:
    """Mark, in place, the rows that have a reason."""
    reasons = reasons[reasons != ""]
    rows.loc[reasons.index, "kept"] = False
    rows.loc[reasons.index, "reason"] = reasons


def _later_copies(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of kept rows whose bytes an earlier kept row has, and those earlier rows."""
    first, later = links(rows["image_id"].where(rows["kept"]))
    return later, first


def _joined_groups(rows: pd.DataFrame, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Name each row's group `{set}:{key}` of its first row."""
    kept = rows[rows["kept"] & rows["listed"]]
    edges = [
        (a, b),
        links(rows["set"] + ":" + rows["group"]),
        links(rows["family"]),
        links(rows["image_id"]),
        links(equal_captions.together(kept["caption"]).reindex(rows.index)),
    ]
    starts, ends = (np.concatenate(positions) for positions in zip(*edges, strict=True))
    first = components(len(rows), starts, ends)
    return (rows["set"] + ":" + rows["key"]).to_numpy(object)[first]
