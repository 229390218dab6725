"""Score every image of a target with one attack: tables in, one number per image out.

Where an attack's signals have several draws, columns `draw_…` hold the score from each alone. An
attack with `fit` learns first (`mia.scoring.fitting`); where it learns block by block, a column
`block` stands beside its scores, and images of the first block have none. One that learns from
references learns from these alone. Columns `control_…` hold what the same attack makes of the
answers of a control model, and `replicate_…` of those of another model from the same training. The
images that were measured twice are scored twice (`mia.scoring.remeasured`).
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

import pandas as pd

from mia import command, storage
from mia.attacks.shared.contract import Learns, LearnsFromReferences, Tells, traits_of
from mia.config.attacks import EXTERNAL_SCORES, attack_module, attack_of, is_external
from mia.evaluation.draws import PREFIX
from mia.evaluation.scored import CONTROL, REPLICATE
from mia.evidence import Evidence
from mia.scoring.fitting import Blockwise, learnt, learnt_from
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
        "references": "the same of models of which it is known what they learnt",
        "controls": "the same of its control models",
        "replicates": "the same of the other models from its training",
        "manifests": "for attacks that read images",
        "embeddings": "for attacks that read them",
    }.items():
        parser.add_argument(f"--{name}", nargs="*", default=[], help=about)
    parser.add_argument("--known", nargs="?", help="what the references were trained on")
    parser.add_argument("--external", nargs="?", help="table of scores made elsewhere")
    parser.add_argument("--output", required=True)
    command.run(parser, score, "attacks.{settings[name]}, target {target}: ")


def score(args: argparse.Namespace) -> None:
    """Write the score file.

    Raises:
        ValueError: An input lacks an image or a column, or holds no number; the message names it.
    """
    name, entry, seed = (args.settings[key] for key in ("name", "entry", "seed"))
    attack = attack_of(args.settings)
    others = (args.controls, args.replicates)
    lists = (args.signals, args.reference, *others, args.manifests, args.embeddings)
    inputs = Inputs(args.membership, *lists, args.model, args.references, args.known)
    scorer, repeats, from_references = attack, None, isinstance(attack, LearnsFromReferences)
    if is_external(entry):
        table = external_scores(args.external, inputs.image_rows())
    else:
        evidence, measured = inputs.evidence(seed), (args.signals, args.reference)
        scorer = learnt(attack, evidence, inputs, seed)
        table = scored_by(attack, scorer, evidence)
        repeats = repeated(scorer, evidence, inputs.images, table["score"], *measured)
        for prefix, files in zip((CONTROL, REPLICATE), others, strict=True):
            for model, answers in inputs.on_others(evidence, files).items():
                other = scorer if from_references else learnt(attack, answers, inputs, seed)
                table[prefix + model] = other.score(answers)
        if isinstance(scorer, Blockwise):
            table["block"] = inputs.images["block"]
    if not table.index.equals(inputs.images.index):
        raise ValueError(f"scored {len(table)} images, expected each of {len(inputs.images)}")
    once = isinstance(attack, Learns) and not isinstance(scorer, Blockwise)
    metadata = {
        "attack": repr(attack),
        "name": name,
        "module": attack_module(name, entry),
        "access": attack.access,
        "reads_images": traits_of(attack).reads_images,
        "combines_signals": traits_of(attack).combines_signals,
        "trained": isinstance(attack, Learns),
        "fitted": scorer.fitted if isinstance(scorer, Tells | Blockwise) else {},
        "fit_image_ids": learnt_from(attack, inputs, seed) if once else [],
        "repeats": repeats,
        **({FIELD: entry[FIELD]} if FIELD in entry else {}),
        "devices": inputs.devices(),
    }
    storage.write(table.rename_axis("image_id").reset_index(), args.output, metadata)


def scored_by(attack: Any, scorer: Any, evidence: Evidence) -> pd.DataFrame:
    """Return the score, and beside it the scores from single draws if there are several.

    What learns from references learns from a single draw of theirs too: they have the same noise.
    An attack that compares draws with each other has no score from one.

    Args:
        attack: Before it has learnt, if it learns.
        scorer: After it.
    """
    columns = {"score": scorer.score(evidence)}
    for draw in () if traits_of(attack).compares_draws else evidence.draws:
        one = evidence.of_draw(draw)
        if isinstance(attack, LearnsFromReferences):
            scorer = attack.fit_references(one.without_target())
        columns[f"{PREFIX}{draw}"] = scorer.score(one)
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
