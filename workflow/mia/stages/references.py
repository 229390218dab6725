"""Rule `references`: which images of a target each of its references was trained on."""

from __future__ import annotations

import argparse
import sys

import pandas as pd

from mia import command, storage
from mia.path_names import names
from mia.result_paths import MANIFEST
from mia.targets.enough_references import check_enough
from mia.targets.pictures import read_images
from mia.targets.references import IN, OUT, UNKNOWN, reference_membership


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True, help="its name, for messages")
    parser.add_argument("--membership", required=True)
    parser.add_argument("--manifests", required=True, nargs="+", help="of its image sets")
    parser.add_argument("--learnt", nargs="*", default=[], help="of sets that references learnt")
    parser.add_argument("--output", required=True)
    command.run(parser, write_references, "targets.{target}.references: ", arguments)


def write_references(args: argparse.Namespace) -> None:
    """Write a column for each reference, `in`, `out` or `unknown`, by image_id.

    Raises:
        ValueError: An attack needs more than is known; the message names it, and an image.
    """
    rows = storage.read(args.membership, ["set", "key", "image_id", "kept"])
    images = rows[rows["kept"]].set_index("image_id").sort_index()
    manifests = {names(MANIFEST, path)["set"]: storage.read(path) for path in args.learnt}
    settings = args.settings
    found = reference_membership(
        read_images(args.manifests, images),
        manifests,
        settings["references"],
        settings["duplicates"],
    )
    counts = found.apply(pd.Series.value_counts).reindex([IN, OUT, UNKNOWN]).fillna(0).astype(int)
    print(counts.T.to_string(), file=sys.stderr)
    named = images.loc[found.index]
    check_enough(found.set_axis(named["set"] + " " + named["key"]), settings["needs"])
    storage.write(found.rename_axis("image_id").reset_index(), args.output)


if __name__ == "__main__":
    main()
