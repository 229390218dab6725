"""Take images and captions out of tables of CommonCatalog, for config/sdxl-commoncanvas.yaml.

It reads every Parquet file in `data/common-catalog/by` and `data/common-catalog/by_nc`. It writes
the first 2,500 images of each, as they are, into folders `by-images` and `by_nc-images` beside
them, and their captions into `by.csv` and `by_nc.csv`.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

FOLDER = Path("data/common-catalog")
LIMIT = 2500


def rows(folder: Path) -> Iterator[tuple[bytes, str]]:
    """Yield image and caption of each row of a folder's tables, in the order of their names."""
    for path in sorted(folder.glob("**/*.parquet")):
        table = pq.ParquetFile(path)
        for batch in table.iter_batches(batch_size=64, columns=["jpg", "blip2_caption"]):
            for row in batch.to_pylist():
                image = row["jpg"]
                content = image["bytes"] if isinstance(image, dict) else image
                if content and row["blip2_caption"]:
                    yield content, row["blip2_caption"]


def main() -> None:
    """Write both parts."""
    for part in ("by", "by_nc"):
        images = FOLDER / f"{part}-images"
        images.mkdir()
        with (FOLDER / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["file", "caption"])
            for number, (content, caption) in enumerate(
                itertools.islice(rows(FOLDER / part), LIMIT)
            ):
                name = f"{number:05d}.jpg"
                (images / name).write_bytes(content)
                writer.writerow([name, caption])


if __name__ == "__main__":
    main()
