"""Exchange the captions of a target's images: what caption controls tell the model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mia import command, storage
from mia.targets.other_captions import equal, shuffled, swapped
from mia.targets.pictures import read_images
from mia.told_captions import SHUFFLED, SWAPPED

READ = ["set", "key", "image_id", "member", "kept"]
EXCHANGES = {SHUFFLED: shuffled, SWAPPED: swapped}


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--target", required=True, help="its name, for messages")
    parser.add_argument("--membership", required=True, type=Path)
    parser.add_argument("--manifests", required=True, nargs="+", help="of the target's sets")
    parser.add_argument("--output", required=True, type=Path)
    command.run(parser, write_captions, "targets.{target}: ", arguments)


def write_captions(args: argparse.Namespace) -> None:
    """Write set, key, image_id, the own caption and the exchanged ones of every kept image."""
    rows = storage.read(args.membership, READ)
    rows = rows[rows["kept"].astype(bool)].set_index("image_id").sort_index()
    captions = read_images(args.manifests, rows)["caption"].fillna("").astype(str)
    table = rows[["set", "key"]].assign(own=captions)
    for kind, exchange in EXCHANGES.items():
        table[kind] = exchange(captions, rows["member"], args.settings["seed"])
        same = f"{equal(captions, table[kind]).sum()} of {len(table)} images"
        print(f"{kind}: {same} have a caption equal to their own", file=sys.stderr)
    storage.write(table.reset_index(), args.output)


if __name__ == "__main__":
    main()
