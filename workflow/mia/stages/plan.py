"""Rule `plan`: list the pictures of an image set, give each its key, cut the list into shards."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mia import hub, tables
from mia.given_tables.cells import Column
from mia.given_tables.table import GivenTable
from mia.images import listing, plan, sources
from mia.images.listing import Listed, Listing
from mia.images.url_table import UrlTable


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
    parts = sources.specs(spec)
    listings = listed(spec["source"], parts)
    limits = {name: part["limit"] for name, part in parts.items() if part.get("limit")}
    taken = listing.taken({part: found.digests() for part, found in listings.items()}, limits)
    rows = [listings[part].rows(at).assign(repeat=repeat) for part, (at, repeat) in taken.items()]
    shards = plan.divided(pd.concat(rows, ignore_index=True), len(outputs))
    for output, shard in zip(outputs, shards, strict=True):
        tables.write(shard, output)
    print(f"planned rows by shard: {[len(shard) for shard in shards]}", file=sys.stderr)


def listed(source: str, parts: dict[str, dict]) -> dict[str, Listing]:
    """What each part of a set offers."""
    if source == "builtin":
        rows = sources.builtin_rows(parts)
        return {part: Listed(of_part) for part, of_part in rows.groupby("part", sort=True)}
    if source == "folder":
        return {name: Listed(folder(name, part)) for name, part in parts.items()}
    return {name: addresses(name, part, source) for name, part in parts.items()}


def folder(name: str, part: dict) -> pd.DataFrame:
    path = Path(part["path"])
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder of pictures")
    files = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    captions = None
    if part.get("captions"):
        captions = read_captions(part["captions"], part.get("alternates", ()))
    return sources.folder_rows(
        name,
        path.as_posix(),
        files,
        captions,
        part.get("captions", ""),
        part.get("alternates", ()),
    )


def read_captions(path: str, alternates: Sequence[str] = ()) -> pd.DataFrame:
    """The captions table: `file`, `caption`, `alt_…`; the index counts its rows from 1."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such captions file; expected a CSV with file and caption")
    names = ["file", "caption", *(f"alt_{name}" for name in alternates)]
    return GivenTable(Path(path)).frame(map(Column, names)).fillna("")


def addresses(name: str, part: dict, source: str) -> UrlTable:
    """A table of addresses; messages name one of the hub as the config does, not by its place."""
    if source == "hub":
        path = hub.dataset_file(part["repo"], part["revision"], part["file"], part.get("sha256"))
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
