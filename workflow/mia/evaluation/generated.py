"""Images that a target's own model made, held against its two sides: are they called members?

They are no side of the target: no other number depends on them. Each stands where the member
stands whose caption was told, in its group, fold and block (`mia.targets.generated`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from mia import storage
from mia.evaluation import carried, flags
from mia.evaluation.headline import target_limit
from mia.evaluation.metrics_file import Metrics
from mia.evaluation.score_files import ScoreFiles
from mia.evaluation.scored import columns, comparable, learnt_by_block, reported
from mia.path_names import names
from mia.result_paths import GENERATED_SCORES
from mia.stats.intervals import Interval, auc_interval

ENDS = ("", "_low", "_high")
COLUMNS = [
    *("target", "attack", "n_generated", "n_member", "n_nonmember", "limit"),
    *(f"called{end}" for end in ENDS),
    *("members_called", "nonmembers_called"),
    *(f"auc_{side}{end}" for side in ("nonmembers", "members") for end in ENDS),
    "note",
]
NONE_REPORTED = "n/a: no image that the model made is left"
NO_THRESHOLD = "n/a: no image is left that could choose a threshold"


def rows_of(
    files: ScoreFiles,
    paths: Iterable[str],
    metrics: Iterable[Metrics],
    settings: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Return one row per score file of generated images, keys as in `COLUMNS`.

    Args:
        files: All score files of the two sides.
        paths: The score files.
        metrics: Of all attacks on all targets: they say at which limit a target's TPR is read.
        settings: confidence of the intervals.
    """
    found = []
    sizes: dict[str, list[Mapping[str, Any]]] = {}
    for of_attack in metrics:
        sizes.setdefault(of_attack["target"], []).append(of_attack)
    for path in paths:
        told = names(GENERATED_SCORES, path)
        target, attack = told["target"], told["attack"]
        made = storage.read(path).set_index("image_id").sort_index()
        limit = target_limit(sizes[target])
        rows, learnt_from = files.scored(target, attack)
        numbers = generated_row(rows, made, path, limit, settings["confidence"], learnt_from)
        found.append({"target": target, "attack": attack, **numbers})
    return found


def generated_row(
    rows: pd.DataFrame,
    made: pd.DataFrame,
    source: str,
    limit: float,
    confidence: float,
    learnt_from: Sequence[str] = (),
) -> dict[str, Any]:
    """Return how one attack scores generated images beside members and nonmembers.

    - `called`: the share that reaches a threshold which keeps `limit` on other nonmembers, with
      Clopper-Pearson's interval over groups; `members_called` and `nonmembers_called` are the same
      of the two sides, at the same thresholds (`carried.directions`).
    - `auc_nonmembers`, `auc_members`: how often a generated image scores higher than one of that
      side; 0.5 is alike. That an image may score much as the member of its caption is not counted:
      where it does, the interval against members is wider than it need be.

    Args:
        rows: Of the two sides, as `mia.evaluation.scored.scored` returns them.
        made: Index image_id; columns score, group, fold, block.
        source: The file of `made`, for the messages.
        limit: Of the FPR.
        confidence: Two-sided level of the intervals.
        learnt_from: Calibration images that the attack has learnt from.

    Raises:
        ValueError: A score that should be a number is none.
    """
    part = reported(rows, source)
    made = made[made["block"] >= int(learnt_by_block(part))]
    wrong = made.index[flags.not_finite(made["score"].to_numpy())]
    if len(wrong):
        raise ValueError(f"{source}: {wrong[0]}: a score that is not finite; expected a number")
    members, nonmembers = part[part["member"]], part[~part["member"]]
    told: dict[str, Any] = {"limit": limit, "n_generated": len(made)}
    told |= {"n_member": len(members), "n_nonmember": len(nonmembers)}
    if made.empty:
        return {**told, "note": NONE_REPORTED}
    areas = _cells("auc_nonmembers", _area(made, nonmembers, confidence))
    areas |= _cells("auc_members", _area(made, members, confidence))
    return {**told, **_called(rows, part, made, limit, confidence, learnt_from), **areas}


def _called(
    rows: pd.DataFrame,
    part: pd.DataFrame,
    made: pd.DataFrame,
    limit: float,
    confidence: float,
    learnt_from: Sequence[str],
) -> dict[str, Any]:
    """Return the shares that reach thresholds which keep `limit` on other nonmembers."""
    tried = carried.directions(rows, part, learnt_from)
    made = made.assign(score=comparable(part, made), member=True)
    where = "block" if learnt_by_block(part) else "fold"
    in_place = [(first, on, made[made[where].isin(on[where])]) for first, on in tried]
    tried = [(first, on) for first, on, mine in in_place if len(mine)]
    instead = [
        (first, pd.concat([on[~on["member"]], mine])) for first, on, mine in in_place if len(mine)
    ]
    found, sides = (carried.at_limits(some, [limit], confidence) for some in (instead, tried))
    if not found or not sides:
        return {"note": NO_THRESHOLD}
    called, of_sides = found[0], sides[0]
    if called["tpr"] is None:
        return {"note": called["note"]}
    return {
        **_cells("called", Interval(**called["tpr"], method="")),
        "members_called": of_sides["tpr"]["value"],
        "nonmembers_called": of_sides["fpr"]["value"],
        "note": called["note"],
    }


def _area(made: pd.DataFrame, others: pd.DataFrame, confidence: float) -> Interval:
    """Return how often a generated image scores higher than one of a side, with its interval.

    Blocks without a generated image are left out: chance alone dealt the images to blocks.
    """
    others = others[others["block"].isin(made["block"])] if others["block"].max() > 0 else others
    both = pd.concat([made.assign(made=True), others.assign(made=False)])
    scores, is_made, group, block = columns(both, "score", "made", "group", "block")
    by_block = learnt_by_block(others)
    return auc_interval(scores, is_made, confidence, group, block if by_block else None)


def _cells(name: str, found: Interval) -> dict[str, float]:
    return dict(
        zip((name + end for end in ENDS), (found.value, found.low, found.high), strict=True)
    )
