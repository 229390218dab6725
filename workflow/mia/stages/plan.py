"""Rule `plan`: list the pictures of an image set, give each its key, cut the list into shards."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from mia import hub, tables
from mia.images import plan, replay, sources


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
    rows = planned(spec["source"], parts)
    limits = {name: part["limit"] for name, part in parts.items() if part.get("limit")}
    shards = plan.divided(rows, limits, len(outputs))
    for output, shard in zip(outputs, shards, strict=True):
        tables.write(shard, output)
    print(f"planned rows by shard: {[len(shard) for shard in shards]}", file=sys.stderr)


def planned(source: str, parts: dict[str, dict]) -> pd.DataFrame:
    if source == "builtin":
        return sources.builtin_rows(parts)
    listing = {"folder": folder, "urls": local_addresses, "hub": hub_addresses}[source]
    return pd.concat([listing(name, part) for name, part in parts.items()], ignore_index=True)


def folder(name: str, part: dict) -> pd.DataFrame:
    path = Path(part["path"])
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder of pictures")
    files = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    captions = read_captions(part["captions"]) if part.get("captions") else None
    return sources.folder_rows(
        name,
        path.as_posix(),
        files,
        captions,
        part.get("captions", ""),
        part.get("alternates", ()),
    )


def read_captions(path: str) -> pd.DataFrame:
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such captions file; expected a CSV with file and caption")
    captions = read_csv(path)
    sources.require_columns(captions, ["file", "caption"], path)
    return captions


def local_addresses(name: str, part: dict) -> pd.DataFrame:
    if not Path(part["path"]).is_file():
        raise ValueError(f"{part['path']}: no such table of addresses")
    return addresses(name, part, part["path"], part["path"])


def hub_addresses(name: str, part: dict) -> pd.DataFrame:
    """A table of a hub dataset; messages name it as the config does, not by its place here."""
    path = hub.dataset_file(part["repo"], part["revision"], part["file"], part.get("sha256"))
    return addresses(name, part, str(path), f"{part['repo']}: {part['file']}")


def addresses(name: str, part: dict, path: str, called: str) -> pd.DataFrame:
    kind = Path(path).suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise ValueError(f"{called}: expected a table ending in .csv or .parquet")
    table = tables.read(path) if kind == ".parquet" else read_csv(path)
    url, caption = part.get("url", "url"), part.get("caption", "caption")
    rows = sources.url_rows(name, table, url, caption, called, part.get("alternates", ()))
    if column := part.get("picture_sha256"):
        sources.require_columns(table, [column], called)
        rows = replay.expecting(rows, table[column], called)
    return plan.with_cleaned_urls(rows, part.get("allow_hosts", ()))


def read_csv(path: str) -> pd.DataFrame:
    """Read a CSV as text, empty fields as ""; the index counts rows from 1, without the header."""
    try:
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a CSV in UTF-8: {error}") from error
    table.index = range(1, len(table) + 1)
    return table


if __name__ == "__main__":
    main()
