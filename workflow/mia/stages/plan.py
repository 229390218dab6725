"""Rule `plan`: list the pictures of an image set, give each its key, cut the list into shards."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mia import storage
from mia.given.cells import Column
from mia.given.folder_files import FolderFiles, list_files
from mia.given.table import GivenTable
from mia.images import plan
from mia.images.sources.listings import builtin_rows, specs
from mia.images.sources.shared import listing
from mia.images.sources.shared.folder_captions import (
    Captions,
    from_side_files,
    from_table,
    in_words,
    side_ending,
)
from mia.images.sources.shared.folder_rows import folder_rows, require_pictures
from mia.images.sources.shared.hub_file import dataset_file
from mia.images.sources.shared.keys import NO_CAPTIONS, captions_ending, captions_table
from mia.images.sources.shared.listing import Listed, Listing
from mia.images.sources.shared.picture_files import OPENED, ending
from mia.images.sources.shared.url_table import UrlTable


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True, help="name of the image set")
    parser.add_argument("--spec", required=True, type=json.loads, help="its config, as JSON")
    parser.add_argument("--output", required=True, nargs="+", type=Path, help="one file per shard")
    options = parser.parse_args(arguments)
    try:
        write_plan(options.spec, options.output)
    except ValueError as error:
        raise SystemExit(f"error: image_sets.{options.name}: {error}") from error


def write_plan(spec: dict, outputs: list[Path]) -> None:
    parts = specs(spec)
    listings, folders = listed(spec["source"], parts)
    limits = {name: part["limit"] for name, part in parts.items() if part.get("limit")}
    taken = listing.taken({part: found.digests() for part, found in listings.items()}, limits)
    rows = [listings[part].rows(at).assign(repeat=repeat) for part, (at, repeat) in taken.items()]
    shards = plan.divided(pd.concat(rows, ignore_index=True), len(outputs))
    for output, shard in zip(outputs, shards, strict=True):
        storage.write(shard, output, folders and {"folders": folders})
    print(f"planned rows by shard: {[len(shard) for shard in shards]}", file=sys.stderr)


def listed(source: str, parts: dict[str, dict]) -> tuple[dict[str, Listing], dict[str, dict]]:
    """What each part of a set offers, and what else is known of its folder, if it is one."""
    if source == "builtin":
        rows = builtin_rows(parts).groupby("part", sort=True)
        return {part: Listed(of_part) for part, of_part in rows}, {}
    if source == "folder":
        found = {name: folder(name, part) for name, part in parts.items()}
        rows = {name: Listed(rows) for name, (rows, _) in found.items()}
        return rows, {name: about for name, (_, about) in found.items()}
    return {name: addresses(name, part, source) for name, part in parts.items()}, {}


def folder(name: str, part: dict) -> tuple[pd.DataFrame, dict]:
    """Return a folder's rows; where its captions are from, and its other files by kind."""
    path = Path(part["path"])
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder of pictures")
    found = list_files(path)
    captions = captions_of(part, path.as_posix(), found)
    rows, others = folder_rows(name, path.as_posix(), found, captions)
    print(f"{path}: {len(rows)} pictures, {in_words(captions, len(rows))}", file=sys.stderr)
    for kind, count in others.items():
        print(f"{path}: {count} files are no rows: {kind}", file=sys.stderr)
    return rows, {"captions": Path(captions.source).name if captions else None, "others": others}


def captions_of(part: dict, path: str, found: FolderFiles) -> Captions | None:
    """Return the captions that a folder's config names, or those found beside its pictures."""
    alternates, given = part.get("alternates", ()), part.get("captions")
    if source := captions_table(part):
        table = read_captions(source, alternates)
        require_pictures(path, found, table["file"])
        names = (*found.files, *found.dangling)
        return from_table(table, names, path, source, alternates)
    require_pictures(path, found)
    if alternates:
        raise ValueError(f"{path}: alternates are columns of a table; expected `captions`, a CSV")
    pictures = [name for name in found.files if ending(name) in OPENED]
    if given == NO_CAPTIONS:
        return None
    kind = captions_ending(part) or side_ending(path, found.files, pictures)
    return from_side_files(path, found.files, pictures, kind) if kind else None


def read_captions(path: str, alternates: Sequence[str] = ()) -> pd.DataFrame:
    """The captions table: `file`, `caption`, `alt_…`; the index counts its rows from 1."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such captions file; expected a CSV with file and caption")
    names = ["file", "caption", *(f"alt_{name}" for name in alternates)]
    return GivenTable(Path(path)).frame(map(Column, names)).fillna("")


def addresses(name: str, part: dict, source: str) -> UrlTable:
    """A table of addresses; messages name one of the hub as the config does, not by its place."""
    if source == "hub":
        path = dataset_file(part["repo"], part["revision"], part["file"], part.get("sha256"))
        table = GivenTable(path, f"{part['repo']}: {part['file']}")
    else:
        table = GivenTable(Path(part["path"]), part["path"])
    return UrlTable(
        name,
        table,
        part.get("url", "url"),
        part.get("caption", "caption"),
        tuple(part.get("alternates", ())),
        part.get("picture_sha256"),
        part.get("allow_hosts", ()),
    )


if __name__ == "__main__":
    main()
