"""Rule `manifest`: find duplicates and groups among all rows of an image set, cut it into parts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from mia import command, storage
from mia.images import plan
from mia.images.download_rates import require_success, status_table
from mia.images.manifest import build
from mia.images.rows import typed
from mia.images.sources.shared import exclusion, replay

FEW = 10  # entries that are named where many match nothing


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--name", required=True, help="name of the image set")
    parser.add_argument("--rows", required=True, nargs="+", type=Path, help="rows, one per shard")
    parser.add_argument("--embeddings", nargs="*", type=Path, default=[], help="one per shard")
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], help="list, if there is one")
    parser.add_argument("--manifest", required=True, type=Path, help="table to write")
    parser.add_argument("--pairs", required=True, type=Path, help="table of pairs to write")
    command.run(parser, write_manifest, "image_sets.{name}: ", arguments)


def write_manifest(options: argparse.Namespace) -> None:
    rows = gathered(options.rows)
    about = said(options.rows, options.exclude)
    print(status_table(rows).to_string(), file=sys.stderr)
    if (counts := replay.counts(rows)) is not None:
        print(
            "of {published} published images {same} came with the same bytes, {changed} "
            "changed, {gone} are gone".format(**counts),
            file=sys.stderr,
        )
    require_success(rows, options.settings.get("min_success", 0))
    if options.embeddings:
        embeddings = pd.concat(map(storage.read, options.embeddings))
        rows = rows.merge(embeddings, how="left", on="key", validate="one_to_one")
    manifest, pairs = build(rows, options.settings)
    parts = manifest.groupby("part")["kept"].agg(["size", "sum"])
    parts.columns = ["rows", "kept"]
    print(parts.rename_axis(None).to_string(), file=sys.stderr)
    storage.write(manifest, options.manifest, about)
    storage.write(pairs, options.pairs)


def said(rows: list[Path], lists: list[Path]) -> dict[str, Any]:
    """Return what is known of the set besides its rows: folders, entries that match nothing."""
    about = [storage.metadata(path) for path in rows]
    known = {"folders": about[0]["folders"]} if "folders" in about[0] else {}
    if lists and (without := exclusion.read(lists[0])):
        fitted = set().union(*(of.get("fitted", []) for of in about))
        idle = sorted(without.idle(fitted), key=lambda entry: not entry.wrong)
        for entry in idle[:FEW]:
            why = entry.wrong or f"fits nothing here: {entry.text}"
            print(f"{lists[0]}: {entry.place}: {why}", file=sys.stderr)
        print(f"{lists[0]}: {len(idle)} of {len(without)} entries fit nothing", file=sys.stderr)
        places = [entry.place + ", unusable" * bool(entry.wrong) for entry in idle[:FEW]]
        known["idle_entries"] = {"count": len(idle), "entries": len(without), "first": places}
    return known


def gathered(paths: list[Path]) -> pd.DataFrame:
    """Return the rows of all shards, sorted by key.

    Raises:
        ValueError: A row belongs to another shard or comes twice: the files are not one set's.
    """
    shards = []
    for number, path in enumerate(paths):
        rows = typed(storage.read(path))
        for row in rows[["key", "part", "row", "url"]].itertuples():
            named = plan.shard_name(plan.locator_name(row.part, row.row, row.url))
            home = plan.shard(plan.digest(named), len(paths))
            if home != number:
                raise ValueError(f"{path}: row {row.key} belongs to shard {home} of {len(paths)}")
        shards.append(rows)
    rows = pd.concat(shards).sort_values("key", ignore_index=True)
    twice = rows["key"].duplicated() | rows.duplicated(["part", "row"])
    if twice.any():
        raise ValueError(f"row {rows.loc[twice, 'key'].iloc[0]} is planned twice")
    if not len(rows):
        raise ValueError("no rows were planned")
    return rows


if __name__ == "__main__":
    main()
