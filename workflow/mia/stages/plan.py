"""Rule `plan`: list the images of an image set, give each its key, cut the list into shards.

Images that a model is to make are listed from tables that were made here.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.images import plan
from mia.images.sources.generated import MADE_FROM
from mia.images.sources.shared import listing
from mia.images.sources.shared.parts import specs
from mia.images.sources.shared.shelf import source


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--name", required=True, help="name of the image set")
    parser.add_argument("--made-from", nargs="*", default=[], help="membership and manifest")
    parser.add_argument("--output", required=True, nargs="+", type=Path, help="one file per shard")
    command.run(parser, plan_set, "image_sets.{name}: ", arguments)


def plan_set(options: argparse.Namespace) -> None:
    made_from = {MADE_FROM: options.made_from} if options.made_from else {}
    write_plan(options.settings | made_from, options.output)


def write_plan(spec: dict, outputs: list[Path]) -> None:
    parts = specs(spec)
    listings = source(spec["source"]).listed(parts)
    limits = {name: part["limit"] for name, part in parts.items() if part.get("limit")}
    taken = listing.taken({part: found.digests() for part, found in listings.items()}, limits)
    rows = [listings[part].rows(at).assign(repeat=repeat) for part, (at, repeat) in taken.items()]
    shards = plan.divided(pd.concat(rows, ignore_index=True), len(outputs))
    folders = {part: found.about for part, found in listings.items() if found.about}
    for output, shard in zip(outputs, shards, strict=True):
        storage.write(shard, output, folders and {"folders": folders})
    print(f"planned rows by shard: {[len(shard) for shard in shards]}", file=sys.stderr)


if __name__ == "__main__":
    main()
