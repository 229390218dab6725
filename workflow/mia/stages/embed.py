"""Rule `embed`: embed the pictures of a shard that could be opened."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from mia import tables
from mia.embedding import Embedder
from mia.images.archive import unpack
from mia.images.pictures import open_picture, prepare


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", required=True, type=Path, help="the shard's rows")
    parser.add_argument("--pictures", required=True, type=Path, help="pictures.tar of the shard")
    parser.add_argument("--spec", required=True, type=json.loads, help="path and sha256")
    parser.add_argument("--device", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    args = parser.parse_args(arguments)
    rows = tables.read(args.rows, ["key", "status"])
    keys = rows.loc[rows["status"] == "success", "key"]
    try:
        embedder = Embedder(args.spec, args.device, args.threads)
        found = {
            # Its size was checked when the rows were made.
            key: embedder(prepare(open_picture(data, pixel_limit=2**62), embedder.size)).tobytes()
            for key, data in unpack(args.pictures, keys)
        }
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f"error: {error}") from error
    embeddings = pd.Series(found, dtype=object).reindex(sorted(keys))
    table = pd.DataFrame({"key": embeddings.index.astype("string"), "embedding": embeddings})
    tables.write(table, args.output)


if __name__ == "__main__":
    main()
