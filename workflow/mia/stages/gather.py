"""Merge a model's shards into one table per query: what attacks read, in deterministic bytes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mia import query as queries_module
from mia import tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", required=True, help="name of the image set")
    parser.add_argument("--signals", nargs="*", default=[], help="shards, {signal}/{shard}.parquet")
    parser.add_argument("--queries", required=True, help="queries, as mia.query.dump writes them")
    parser.add_argument("--folder", required=True)
    args = parser.parse_args()

    queries = queries_module.load(args.queries)
    all_fields = {field for query in queries for field in query.fields()}
    for signal in sorted({query.signal for query in queries}):
        shards = [tables.read(path) for path in args.signals if Path(path).parent.name == signal]
        rows = pd.concat(shards, ignore_index=True).sort_values("image_id", ignore_index=True)
        by_name = dict(iter(rows.groupby("query")))
        for query in queries:
            if query.signal == signal:
                fields = ["key", "image_id", *query.fields()]
                measures = [name for name in rows if name not in {*fields, *all_fields, "query"}]
                table = by_name.get(query.name, rows.iloc[:0]).reindex(columns=[*fields, *measures])
                metadata = {"set": args.set, "query": query.path, "fields": fields[1:]}
                tables.write(table, Path(args.folder, f"{query.path}.parquet"), metadata)


if __name__ == "__main__":
    main()
