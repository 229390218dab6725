"""Rule `membership`: pair the members and nonmembers of a target, deal folds, record near pairs."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.evaluation import flags
from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.targets import known_pictures
from mia.targets.folds import EVALUATION
from mia.targets.known_vectors import KnownVectors
from mia.targets.membership import build
from mia.targets.sufficiency import SIDES

READ = ["key", "image_id", "part", "status", "phash", "phash_mirror", "thumbnail", "family"]
READ += ["group", "kept", "caption"]


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--name", required=True, help="name of the target")
    parser.add_argument(
        "--manifests", required=True, nargs="+", type=Path, help="of its sets, the members' first"
    )
    parser.add_argument("--known", nargs="?", type=Path, help="table of known training images")
    parser.add_argument("--membership", required=True, type=Path, help="table to write")
    parser.add_argument("--pairs", required=True, type=Path, help="table of pairs to write")
    command.run(parser, write_membership, "targets.{name}: ", arguments)


def write_membership(options: argparse.Namespace) -> None:
    spec = options.settings
    sets = list(dict.fromkeys(spec[side][0] for side in SIDES))
    if len(sets) != len(options.manifests):
        raise ValueError(f"{len(options.manifests)} manifests for the sets {', '.join(sets)}")
    manifests = {
        name: storage.read(path, columns(spec))
        for name, path in zip(sets, options.manifests, strict=True)
    }
    method = spec["match"]
    matching = import_module(f"mia.targets.matching.{method}") if method != "none" else None
    rows, pairs = build(manifests, spec, matching, known_index(options.known, spec))
    kept = rows[rows["kept"]]
    counts = kept.groupby(["member", "fold"]).size().unstack()
    print(counts.rename({True: "members", False: "nonmembers"}).to_string(), file=sys.stderr)
    for warning in few(kept[kept["fold"] == EVALUATION]):
        print(f"warning: {warning}", file=sys.stderr)
    for side, member in SIDES.items():
        print(account(side, rows[rows["member"] == member]), file=sys.stderr)
    storage.write(rows, options.membership)
    storage.write(pairs, options.pairs)


def few(evaluation: pd.DataFrame) -> list[str]:
    """Return the flags that so few images or groups to evaluate will raise, each with the count."""
    sides = evaluation.groupby("member")["group"].agg(["size", "nunique"])
    images, found = int(sides["size"].min()), []
    if flags.few_images(images):
        found.append(f"few_images: {images} images to evaluate a side")
    groups = [g for n, g in sides.itertuples(index=False) if flags.few_groups(g, n)]
    if groups:
        found.append(f"few_groups: {min(groups)} groups of images to evaluate a side")
    return found


def columns(spec: dict) -> list[str] | None:
    """Return the manifests' columns to read; matching reads all, as any may tell sides apart."""
    if spec["match"] != "none":
        return None
    return [*READ, *(["embedding"] if "embedding" in spec["duplicates"] else [])]


def known_index(path: Path | None, spec: dict) -> known_pictures.Index | None:
    if path is None:
        return None
    named = known_pictures.columns(spec["known"])
    vectors = named.pop("embedding", None)
    hashes = [Column(name, "a hash", known_pictures.DIGITS[kind]) for kind, name in named.items()]
    return known_pictures.Index(
        known_pictures.hashes(GivenTable(path).frame(hashes, first=0), spec["known"]),
        KnownVectors(str(path), vectors) if vectors else None,
    )


def account(side: str, rows: pd.DataFrame) -> str:
    """Return how many rows of a side are kept, and how many an index of known images has."""
    kept = int(rows["kept"].sum())
    words = f"{side}: {kept} of {len(rows)} kept ({kept / len(rows):.1%})"
    if "in_index" in rows:
        words += f", {int(rows['in_index'].sum())} in the known training index"
    if "index_cosine" in rows:
        words += f", {int(known_pictures.to_review(rows).sum())} near it, for review"
    return words


if __name__ == "__main__":
    main()
