"""Evaluate one attack on one target: AUC, TPR at limits of FPR, carried thresholds, flags.

Everything is reported on the evaluation fold; thresholds come from calibration images that the
attack has not learnt from. The file depends on this attack's scores alone.
"""

from __future__ import annotations

import argparse
import json

from mia import tables
from mia.evaluation.numbers import numbers
from mia.evaluation.scored import scored

MEMBERSHIP = ["image_id", "member", "group", "fold", "kept"]


def evaluate(target: str, attack: str, score: str, membership: str, settings: dict) -> dict:
    """Return the metrics of the score file `score`.

    Raises:
        ValueError: The file lacks metadata, or its scores do not fit the membership table.
    """
    about = tables.metadata(score)
    lacking = {"module", "access", "reads_images", "trained", "fitted"} - about.keys()
    if lacking:
        raise ValueError(
            f"{score}: no metadata {', '.join(sorted(lacking))}; expected a score file"
        )
    rows = scored(tables.read(score), tables.read(membership, MEMBERSHIP), score)
    model_free = about["access"] == "model-free"
    found = numbers(
        rows,
        score,
        settings["confidence"],
        settings["resamples"],
        settings["seed"],
        has_threshold=not (model_free and about["trained"]),
        fit_image_ids=about.get("fit_image_ids") or (),
    )
    return {
        "target": target,
        "attack": attack,
        "module": about["module"],
        "access": about["access"],
        "blind": bool(model_free and about["reads_images"]),
        "trained": about["trained"],
        "fitted": about["fitted"],
        **found,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", required=True)
    parser.add_argument("--attack", required=True)
    parser.add_argument("--score", required=True)
    parser.add_argument("--membership", required=True)
    parser.add_argument("--settings", required=True, type=json.loads, help="JSON")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        found = evaluate(args.target, args.attack, args.score, args.membership, args.settings)
        tables.write_json(found, args.output)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
