"""How long a long table of addresses takes to plan, where a limit wants few of its rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CAPTION = "a photograph of the old red house near the water, with people under trees"
AT_ONCE = 500_000


def command(folder: Path, rows: int, limit: int) -> list[str]:
    """Write a table of different addresses; return the command that plans `limit` of them.

    Args:
        folder: An empty folder.
        rows: Of the table, which has a caption and three columns of numbers beside the address.
        limit: How many are planned.
    """
    table = folder / "addresses.parquet"
    kinds = {"url": pa.string(), "caption": pa.string()}
    kinds |= dict.fromkeys(("width", "height", "similarity"), pa.float64())
    with pq.ParquetWriter(table, pa.schema(kinds)) as file:
        for start in range(0, rows, AT_ONCE):
            block = range(start, min(start + AT_ONCE, rows))
            urls = [f"https://img{n % 997}.example.org/photos/{n:016x}/large.jpg" for n in block]
            captions = [f"{CAPTION}, no. {n}" for n in block]
            numbers = [[float(n * k % 4001) for n in block] for k in (7, 11, 13)]
            file.write_table(pa.table([urls, captions, *numbers], names=list(kinds)))
    text = json.dumps({"source": "urls", "limit": limit, "path": str(table)})
    stage = [sys.executable, "-m", "mia.stages.plan", "--name", "bench", "--settings", text]
    return [*stage, "--output", str(folder / "plan.parquet")]
