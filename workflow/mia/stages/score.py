"""Score every image of a target with one attack: tables in, one number per image out.

An attack with `fit` learns from the calibration fold alone: model-free ones from all of it, others
from a seeded half of its groups, so that their threshold can come from the other half. `fit` is
given the evidence and the labels of those images and of no other.

Where an attack's signals have several draws, columns `draw_…` hold the score from each alone. The
pictures that were measured twice are scored twice (`mia.scoring.remeasured`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from mia import storage
from mia.attacks.shared.contract import Learns, Tells, traits_of
from mia.config.attacks import EXTERNAL_SCORES, attack_module, build_attack, is_external
from mia.evaluation.draws import PREFIX
from mia.evidence import Evidence
from mia.measuring.query_files import devices, read_signals
from mia.query import load
from mia.scoring.remeasured import repeated
from mia.targets.pictures import with_embeddings
from mia.targets.target_rows import read_images

SELECTED = ["set", "key", "image_id", "group", "fold", "kept"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--attack", type=json.loads, required=True, help="name, row; what other rows ask, if read"
    )
    parser.add_argument("--target", required=True, help="its name, for messages")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--model", nargs="?", help="model.json, for attacks that query it")
    parser.add_argument(
        "--signals", nargs="*", default=[], help="query files of the target's model"
    )
    parser.add_argument(
        "--reference", nargs="*", default=[], help="the same of its reference model"
    )
    parser.add_argument("--manifests", nargs="*", default=[], help="for attacks that read images")
    parser.add_argument("--embeddings", nargs="*", default=[], help="for attacks that read them")
    parser.add_argument("--external", nargs="?", help="table of scores made elsewhere")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        score(args)
    except ValueError as error:
        where = f"attacks.{args.attack['name']}, target {args.target}"
        raise SystemExit(f"error: {where}: {error}") from error


def score(args: argparse.Namespace) -> None:
    """Write the score file.

    Raises:
        ValueError: An input lacks an image or a column, or holds no number; the message names it.
    """
    name, row = args.attack["name"], args.attack["row"]
    attack = build_attack(name, row)
    if "queries" in args.attack:
        attack = attack.with_queries(load(args.attack["queries"]))
    images = storage.read(args.membership, SELECTED)
    images = images[images["kept"]].set_index("image_id").sort_index()
    fit_ids: list[str] = []
    repeats = None
    if is_external(row):
        table = read_external(args.external, pictures(args, images))
    else:
        evidence = Evidence(
            tuple(images.index),
            signals=read_signals(args.signals, images),
            reference=read_signals(args.reference, images),
            images=pictures(args, images) if args.manifests else None,
            alpha_bar=read_schedule(args.model) if args.model else None,
            seed=args.seed,
        )
        if isinstance(attack, Learns):
            fit_ids = rows_to_fit(images, args.seed, attack.access == "model-free")
            attack = fitted(attack, evidence, args.membership, fit_ids)
        table = scored_by(attack, evidence)
        measured = args.signals, args.reference
        repeats = repeated(attack, evidence, images, table["score"], *measured)
    if not table.index.equals(images.index):
        raise ValueError(f"scored {len(table)} images, expected each of {len(images)}")
    metadata = {
        "attack": repr(attack),
        "name": name,
        "module": attack_module(name, row),
        "access": attack.access,
        "reads_images": traits_of(attack).reads_images,
        "combines_signals": traits_of(attack).combines_signals,
        "trained": bool(fit_ids),
        "fitted": attack.fitted if isinstance(attack, Tells) else {},
        "fit_image_ids": fit_ids,
        "repeats": repeats,
        "devices": devices([*args.signals, *args.reference]),
    }
    storage.write(table.rename_axis("image_id").reset_index(), args.output, metadata)


def pictures(args: argparse.Namespace, images: pd.DataFrame) -> pd.DataFrame:
    """Manifest rows of `images`, with their embeddings where there are any."""
    return with_embeddings(read_images(args.manifests, images), images, args.embeddings)


def fitted(attack: Any, evidence: Evidence, membership: str, fit_ids: Sequence[str]) -> Any:
    """The attack, having learnt from the images `fit_ids` alone."""
    labels = storage.read(membership, ["image_id", "member", "kept"])
    member = labels[labels["kept"]].set_index("image_id")["member"]
    member = member.loc[list(fit_ids)]
    if member.nunique() < 2:
        raise ValueError(
            f"{membership}: of the calibration fold a trained attack learns from {len(member)} "
            "images, all of one side; expected both: give more images"
        )
    return attack.fit(evidence.of_images(fit_ids), member)


def scored_by(attack: Any, evidence: Evidence) -> pd.DataFrame:
    """The score, and beside it the scores from single draws where there are several."""
    columns = {"score": attack.score(evidence)}
    for draw in evidence.draws:
        columns[f"{PREFIX}{draw}"] = attack.score(evidence.of_draw(draw))
    return pd.DataFrame(columns).astype("float64")


def read_external(path: str, images: pd.DataFrame) -> pd.DataFrame:
    """Scores of `images` from a table made elsewhere.

    Args:
        images: Index image_id, sorted; columns key and url.

    Raises:
        ValueError: It lacks a column or an image, or holds a score that is no number.
    """
    module = import_module(EXTERNAL_SCORES)  # by name, like an attack: no other row needs its code
    return module.scores_of(module.read(path), images, path).to_frame("score")


def read_schedule(path: str) -> np.ndarray:
    """ᾱ_t of a model, `(1000,)`."""
    return np.array(storage.read_json(path)["alpha_bar"])


def rows_to_fit(images: pd.DataFrame, seed: int, all_of_it: bool) -> list[str]:
    """Image ids of the calibration fold to learn from: all, or those of half of its groups."""
    calibration = images[images["fold"] == "calibration"]
    if all_of_it:
        return list(calibration.index)
    groups = np.sort(calibration["group"].unique())
    chosen = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    return list(calibration.index[calibration["group"].isin(chosen)])


if __name__ == "__main__":
    main()
