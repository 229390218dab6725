"""Score the images that a target's model made with one attack, as if they were nonmembers.

The attack learns as in `score`: from images of the two sides, never from one that a model made. So
no score of `score` depends on these images. A row holds the group, the fold and the block of the
member whose caption was told. An image in the first block has no score where the attack learns
block by block.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from mia import command, storage
from mia.config.attacks import attack_of
from mia.scoring.fitting import Blockwise, learnt
from mia.scoring.inputs import GeneratedInputs, Inputs
from mia.targets.generated import PLACE


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True, help="its name, for messages")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--model", required=True, help="model.json")
    parser.add_argument("--made", required=True, help="manifest of the images that the model made")
    for name, about in {
        "signals": "query files of the target's model",
        "reference": "the same of its reference model",
        "manifests": "for attacks that read images",
        "embeddings": "for attacks that read them",
    }.items():
        parser.add_argument(f"--{name}", nargs="*", default=[], help=about)
        if name != "manifests":
            parser.add_argument(f"--made-{name}", nargs="*", default=[], help="of the made images")
    parser.add_argument("--output", required=True)
    command.run(parser, score, "attacks.{settings[name]}, target {target}: ")


def score(args: argparse.Namespace) -> None:
    """Write the score file.

    Raises:
        ValueError: An input lacks an image or a column; the message names it.
    """
    attack, seed = attack_of(args.settings), args.settings["seed"]
    inputs = Inputs(
        args.membership,
        args.signals,
        args.reference,
        manifests=args.manifests,
        embeddings=args.embeddings,
        model=args.model,
    )
    made = GeneratedInputs(
        args.membership,
        args.made_signals,
        args.made_reference,
        manifests=[args.made] if args.manifests else [],
        embeddings=args.made_embeddings,
        model=args.model,
        made=args.made,
    )
    scorer = learnt(attack, inputs.evidence(seed), inputs, seed)
    if isinstance(scorer, Blockwise):
        scorer = replace(scorer, block=made.images["block"])
    table = made.images[PLACE].assign(score=scorer.score(made.evidence(seed)).astype("float64"))
    metadata = {"attack": repr(attack), "name": args.settings["name"]}
    storage.write(table.rename_axis("image_id").reset_index(), args.output, metadata)


if __name__ == "__main__":
    main()
