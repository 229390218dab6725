"""Evaluate one attack on one target: AUC, TPR at limits of FPR, carried thresholds, flags.

An attack is never reported on images that it has learnt from (`mia.targets.blocks`). The file
depends on this attack's scores alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mia import command, storage
from mia.access import reads_model
from mia.blind import twin
from mia.evaluation import flags
from mia.evaluation.blind_twin import to_foretell, twin_numbers
from mia.evaluation.draws import between_draws
from mia.evaluation.epsilon import NOT_RANDOMISED, UNKNOWN, privacy_bound
from mia.evaluation.metrics_file import Metrics
from mia.evaluation.numbers import numbers
from mia.evaluation.replicates import between_runs
from mia.evaluation.scored import reported, scored
from mia.targets.pictures import read_images
from mia.told_captions import FIELD, OWN

MEMBERSHIP = ["image_id", "member", "group", "fold", "block", "kept"]
KEYS = ["set", "key", "image_id", "kept"]


def evaluate(
    target: str,
    attack: str,
    score: str,
    membership: str,
    settings: dict,
    manifests: Sequence[str] = (),
) -> Metrics:
    """Return the metrics of the score file `score`.

    Args:
        target, attack: Their names.
        score: Score file.
        membership: The target's membership table.
        settings: confidence, resamples, delta, seed; `randomised`, whether a seeded split alone
            decided which of the images were trained on.
        manifests: Of the target's sets, where the row gets a blind twin.

    Raises:
        ValueError: The file lacks metadata, or its scores do not fit the membership table.
    """
    about = storage.metadata(score)
    lacking = {"module", "access", "reads_images", "trained", "fitted"} - about.keys()
    if lacking:
        raise ValueError(
            f"{score}: no metadata {', '.join(sorted(lacking))}; expected a score file"
        )
    scores = storage.read(score)
    rows = scored(scores, storage.read(membership, MEMBERSHIP), score)
    model_free = not reads_model(about["access"])
    found = numbers(
        rows,
        score,
        settings["confidence"],
        settings["resamples"],
        settings["seed"],
        fit_image_ids=about.get("fit_image_ids") or (),
    )
    part = reported(rows, score)
    external, other = flags.external(about["access"]), flags.other_captions(about.get(FIELD, OWN))
    obstacle = (UNKNOWN if external else None) if settings["randomised"] else NOT_RANDOMISED
    repeats = about.get("repeats")
    raised = {
        "combines_signals": flags.combines_signals(about.get("combines_signals", False)),
        "other_captions": other,
        "external": external,
        "mixed_devices": flags.mixed_devices(about.get("devices", ())),
        "not_reproducible": flags.not_reproducible(repeats["difference"]) if repeats else False,
    }
    found["flags"] = sorted([*found["flags"], *(flag for flag in raised if raised[flag])])
    return {
        "target": target,
        "attack": attack,
        "module": about["module"],
        "access": about["access"],
        "blind": bool(model_free and about["reads_images"]),
        "trained": about["trained"],
        "fitted": about["fitted"],
        **found,
        "repeats": repeats,
        "between_draws": between_draws(scores, part),
        "between_runs": between_runs(part),
        "epsilon": privacy_bound(
            part, obstacle, settings["confidence"], settings["delta"], settings["seed"]
        ),
        "blind_twin": None
        if model_free or other or not manifests
        else blind_twin(
            to_foretell(rows, about.get("fit_image_ids") or ()), membership, manifests, settings
        ),
    }


def blind_twin(
    rows: pd.DataFrame, membership: str, manifests: Sequence[str], settings: dict
) -> dict[str, Any] | None:
    """Return how an attack does beside its own scores as foretold without the model."""
    kept = storage.read(membership, KEYS)
    images = read_images(manifests, kept[kept["kept"].astype(bool)].set_index("image_id"))
    told = twin.foretold(images, rows["score"], rows["block"], settings["seed"])
    return twin_numbers(rows, told, settings["confidence"])


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--attack", required=True)
    parser.add_argument("--score", required=True)
    parser.add_argument("--membership", required=True)
    parser.add_argument("--manifests", nargs="*", default=[], help="for a row without a control")
    parser.add_argument("--output", required=True)
    command.run(parser, write_metrics)


def write_metrics(args: argparse.Namespace) -> None:
    files = args.score, args.membership
    found = evaluate(args.target, args.attack, *files, args.settings, args.manifests)
    storage.write_json(found, args.output)


if __name__ == "__main__":
    main()
