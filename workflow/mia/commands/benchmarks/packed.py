"""How long a few images take of a long Parquet table that holds them, and how much is read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mia.images.sources.parquet import columns, files
from mia.images.sources.shared.parquet_rows import ParquetRows
from mia.images.sources.shared.stage_keys import download_settings

GROUP, FILE = 1_000, 1_000_000  # rows
BYTES = 200  # of what stands for an image: as few as the disk can hold of many rows


def write(folder: Path, rows: int) -> dict:
    """Write a table in files of row groups that are all alike; return its image set."""
    data = np.random.default_rng(0)
    images = pa.array([data.bytes(BYTES) for _ in range(GROUP)], pa.binary())
    captions = [f"a photograph of the old red house, no. {n:05d}" for n in range(GROUP)]
    group = pa.table({"image": images, "caption": captions})
    for number, start in enumerate(range(0, rows, FILE)):
        with pq.ParquetWriter(folder / f"{number:05d}.parquet", group.schema) as file:
            for _ in range(start, min(start + FILE, rows), GROUP):
                file.write_table(group)
    return {"source": "parquet", "path": str(folder)}


def commands(folder: Path, spec: dict) -> dict[str, list[str]]:
    """Return the commands that plan an image set and fetch its images, in one shard."""
    plan, stage = folder / "plan.parquet", [sys.executable, "-m"]
    settings = json.dumps(download_settings(spec))
    made = ["--pictures", str(folder / "pictures.tar"), "--downloads", str(folder / "d.parquet")]
    planned = ["--name", "bench", "--settings", json.dumps(spec), "--output", str(plan)]
    return {
        "plan": [*stage, "mia.stages.plan", *planned],
        "download": [
            *stage,
            "mia.stages.download",
            *("--plan", str(plan), "--settings", settings),
            *made,
        ],
    }


def sizes(spec: dict) -> dict[str, float]:
    """Return the megabytes of a table's files, and of what is read of them."""
    names = files(spec)
    rows = ParquetRows("", names, columns(spec), spec["limit"])
    read = sum(length for name in names for _, length in rows.spans(name))
    whole = sum(Path(name).stat().st_size for name in names)
    return {"mb": round(whole / 1e6, 1), "read_mb": round(read / 1e6, 1)}
