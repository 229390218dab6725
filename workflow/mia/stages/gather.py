"""Merge a model's shards into one table per query: what attacks read, in deterministic bytes.

The table holds first measurements. The second ones, of few images, are in its metadata, under
`repeats`, in rows of the same columns, but for outputs that are kept. Beside the tables,
`estimates.json` says whether the model's estimates beat none (`mia.evaluation.estimates`); if not,
the log says so too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia import command, storage
from mia import query as queries_module
from mia.evaluation import estimates
from mia.query import Query
from mia.signals.shared.besides import OUTPUT
from mia.signals.shared.contract import traits_of
from mia.signals.shared.evals import signal
from mia.told_captions import control_of

AT_ONCE = 16  # queries in memory at a time


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--model", required=True, type=Path, help="model.json")
    parser.add_argument("--set", required=True, help="name of the image set")
    parser.add_argument("--signals", required=True, type=Path, help="{signal}/{shard}.parquet")
    parser.add_argument("--folder", required=True, type=Path, help="where to")
    command.run(parser, gather)


def gather(args: argparse.Namespace) -> None:
    model = storage.read_json(args.model)
    compared = []
    queries = queries_module.load(args.settings["queries"])
    all_fields = {field for query in queries for field in query.fields()}
    for name in sorted({query.signal for query in queries}):
        own = [query for query in queries if query.signal == name]
        shards = [args.signals / name / f"{shard}.parquet" for shard in args.settings["shards"]]
        for query, rows in by_query(own, shards):
            fields = ["key", "image_id", *query.fields()]
            others = {*fields, *all_fields, "query", "device", "repeat"}
            measures = [column for column in rows if column not in others]
            repeat = rows["repeat"].astype(bool)
            metadata = {"set": args.set, "query": query.path, "fields": fields[1:]}
            metadata["devices"] = sorted(rows["device"].unique())
            table = rows.reindex(columns=[*fields, *measures])
            metadata["repeats"] = records(table[repeat].drop(columns=OUTPUT, errors="ignore"))
            storage.write(table[~repeat], args.folder / f"{query.path}.parquet", metadata)
            if name == "denoise" and control_of(query) is None:
                compared += estimates.compare(table[~repeat], model)
    judged = estimates.judge(compared)
    for line in estimates.sentences(model["name"], [judged]):
        print(f"warning: {line}", file=sys.stderr)
    storage.write_json(judged, args.folder / "estimates.json")


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON has them: a list of numbers is a list."""
    return [
        {
            name: cell.tolist() if isinstance(cell, np.ndarray) else cell
            for name, cell in row.items()
        }
        for row in rows.to_dict("records")
    ]


def by_query(queries: Sequence[Query], shards: list[Path]) -> Iterator[tuple[Query, pd.DataFrame]]:
    """Yield each query of one signal with its rows of all shards, sorted by image.

    The shards are read once for every `AT_ONCE` queries, so that memory holds no more than those.
    Those of a signal with lists of numbers are read for each query.
    """
    at_once = 1 if any(traits_of(signal(query.signal)).lists for query in queries) else AT_ONCE
    for start in range(0, len(queries), at_once):
        some = queries[start : start + at_once]
        names = {query.name for query in some}
        parts = [rows[rows["query"].isin(names)] for rows in map(storage.read, shards)]
        rows = pd.concat(parts).sort_values(["image_id", "key"], ignore_index=True)
        by_name = dict(iter(rows.groupby("query")))
        for query in some:
            yield query, by_name.get(query.name, rows.iloc[:0])


if __name__ == "__main__":
    main()
