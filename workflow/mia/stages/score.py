"""Score every image of a target with one attack: tables in, one number per image out.

Where an attack's signals have several draws, columns `draw_…` hold the score from each alone. An
attack with `fit` learns first (`mia.scoring.fitting`). The images that were measured twice are
scored twice (`mia.scoring.remeasured`).
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

import pandas as pd

from mia import command, storage
from mia.access import reads_model
from mia.attacks.shared.contract import Learns, Tells, traits_of
from mia.config.attacks import EXTERNAL_SCORES, attack_module, build_attack, is_external
from mia.evaluation.draws import PREFIX
from mia.evidence import Evidence
from mia.query import load
from mia.scoring.fitting import fitted, images_to_fit
from mia.scoring.inputs import Inputs
from mia.scoring.remeasured import repeated
from mia.told_captions import FIELD


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True, help="its name, for messages")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--model", nargs="?", help="model.json, for attacks that query it")
    for name, about in {
        "signals": "query files of the target's model",
        "reference": "the same of its reference model",
        "manifests": "for attacks that read images",
        "embeddings": "for attacks that read them",
    }.items():
        parser.add_argument(f"--{name}", nargs="*", default=[], help=about)
    parser.add_argument("--external", nargs="?", help="table of scores made elsewhere")
    parser.add_argument("--output", required=True)
    command.run(parser, score, "attacks.{settings[name]}, target {target}: ")


def score(args: argparse.Namespace) -> None:
    """Write the score file.

    Raises:
        ValueError: An input lacks an image or a column, or holds no number; the message names it.
    """
    name, entry, seed = (args.settings[key] for key in ("name", "entry", "seed"))
    attack = build_attack(name, entry)
    if "queries" in args.settings:
        attack = attack.with_queries(load(args.settings["queries"]))
    lists = (args.signals, args.reference, args.manifests, args.embeddings)
    inputs = Inputs(args.membership, *lists, args.model)
    images, fit_ids, repeats = inputs.images, [], None
    if is_external(entry):
        table = external_scores(args.external, inputs.image_rows())
    else:
        evidence = inputs.evidence(seed)
        if isinstance(attack, Learns):
            fit_ids = images_to_fit(images, seed, not reads_model(attack.access))
            attack = fitted(attack, evidence, inputs.member, fit_ids, args.membership)
        table = scored_by(attack, evidence)
        measured = args.signals, args.reference
        repeats = repeated(attack, evidence, images, table["score"], *measured)
    if not table.index.equals(images.index):
        raise ValueError(f"scored {len(table)} images, expected each of {len(images)}")
    metadata = {
        "attack": repr(attack),
        "name": name,
        "module": attack_module(name, entry),
        "access": attack.access,
        "reads_images": traits_of(attack).reads_images,
        "combines_signals": traits_of(attack).combines_signals,
        "trained": bool(fit_ids),
        "fitted": attack.fitted if isinstance(attack, Tells) else {},
        "fit_image_ids": fit_ids,
        "repeats": repeats,
        **({FIELD: entry[FIELD]} if FIELD in entry else {}),
        "devices": inputs.devices(),
    }
    storage.write(table.rename_axis("image_id").reset_index(), args.output, metadata)


def scored_by(attack: Any, evidence: Evidence) -> pd.DataFrame:
    """Return the score, and beside it the scores from single draws if there are several."""
    columns = {"score": attack.score(evidence)}
    for draw in evidence.draws:
        columns[f"{PREFIX}{draw}"] = attack.score(evidence.of_draw(draw))
    return pd.DataFrame(columns).astype("float64")


def external_scores(path: str, images: pd.DataFrame) -> pd.DataFrame:
    """Return scores of `images` from a table made elsewhere.

    Args:
        images: Index image_id, sorted; columns key and url.

    Raises:
        ValueError: The table lacks a column or an image, or holds a score that is no number.
    """
    module = import_module(
        EXTERNAL_SCORES
    )  # by name, like an attack: no other entry needs its code
    return module.scores_of(module.read(path), images, path).to_frame("score")


if __name__ == "__main__":
    main()
