"""Audit one target: what its blind baselines see, the verdict, and the rows that were left out."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from mia import tables
from mia.evaluation.scored import fold_of, scored
from mia.evaluation.survival import survival
from mia.evaluation.verdict import channels_of, verdict

MEMBERSHIP = ["image_id", "member", "group", "fold", "kept", "reason"]
HASH = re.compile(r"\b[0-9a-f]{8,64}\b")


def audit(
    target: str,
    metrics: list[dict],
    scores: dict[str, str],
    membership: pd.DataFrame,
    settings: dict,
    by_design: bool,
    source: str,
) -> dict:
    """Return the audit of a target.

    Args:
        target: Its name.
        metrics: Metrics of its blind baselines, as `evaluate` wrote them.
        scores: Attack name to score file, of the same attacks.
        membership: Its membership table, from the file `source`.
        settings: margin, confidence, resamples, and a seed if any.
        by_design: Whether both sets are random parts of one collection.

    Raises:
        ValueError: An attack is no blind baseline, or its scores do not fit the membership.
    """
    strangers = [found["attack"] for found in metrics if not found["blind"]]
    if strangers:
        raise ValueError(f"audit of {target}: {strangers} are no blind baselines")
    evaluations = {
        found["attack"]: fold_of(
            scored(tables.read(path := scores[found["attack"]]), membership, path),
            "evaluation",
            path,
        )
        for found in metrics
    }
    channels = channels_of(
        evaluations, settings["confidence"], settings["resamples"], settings.get("seed", 0)
    )
    kept = membership[membership["kept"].astype(bool)]
    members = fold_of(kept, "evaluation", source)["member"]
    n_member, n_nonmember = int(members.sum()), int((~members.astype(bool)).sum())
    word, sentence = verdict(channels, settings["margin"], by_design, n_member, n_nonmember)
    return {
        "target": target,
        "verdict": word,
        "sentence": sentence,
        "margin": settings["margin"],
        "channels": [asdict(channel) for channel in channels],
        "n_member": n_member,
        "n_nonmember": n_nonmember,
        "by_design": by_design,
        "counts": {
            side: _counts(membership[membership["member"].astype(bool) == is_member])
            for side, is_member in (("members", True), ("nonmembers", False))
        },
    }


def _counts(rows: pd.DataFrame) -> dict:
    """Rows of one side: kept by fold, dropped by kind of reason."""
    kept = rows["kept"].astype(bool)
    kinds = rows.loc[~kept, "reason"].map(reason_kind)
    return {
        "kept": int(kept.sum()),
        **{fold: int(n) for fold, n in rows.loc[kept, "fold"].value_counts().items()},
        "dropped": {kind: int(n) for kind, n in kinds.value_counts().items()},
    }


def reason_kind(reason: str) -> str:
    """Return a reason without what tells one row's from another's.

    >>> reason_kind("near duplicate of member 0123456789abcdef")
    'near duplicate of member'
    """
    return " ".join(HASH.sub("", str(reason).split(":")[0]).split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", required=True)
    parser.add_argument("--metrics", required=True, nargs="*", help="of the blind baselines")
    parser.add_argument("--scores", required=True, nargs="*", help="of the same, in any order")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--manifests", required=True, nargs="+", type=Path, help="of its sets")
    parser.add_argument("--sides", required=True, type=json.loads, help="set, parts, dealt; JSON")
    parser.add_argument("--settings", required=True, type=json.loads, help="JSON")
    parser.add_argument("--by-design", required=True, choices=["True", "False"])
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        found = audit(
            args.target,
            [json.loads(Path(path).read_text(encoding="utf-8")) for path in args.metrics],
            {Path(path).stem: path for path in args.scores},
            tables.read(args.membership, MEMBERSHIP),
            args.settings,
            args.by_design == "True",
            args.membership,
        )
        manifests = {
            path.parent.name: tables.read(path, ["part", "status"]) for path in args.manifests
        }
        found["survival"] = survival(manifests, args.sides, args.settings["confidence"])
        tables.write_json(found, args.output)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
