"""Take images out of Parquet files, through the `datasets` library.

`Image(decode=False)` gives bytes as they are, whether a column holds bytes or structs of bytes and
path. A row group is a shard of the library's stream, so only row groups with wanted rows are read,
a few rows at a time. The stream writes no cache and, for a file of this machine, asks no network.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from mia.given.table import sound
from mia.images.download.fetcher import Contents, Results
from mia.images.download.spool import spool
from mia.images.sources.shared.parquet_file import AHEAD, ON_HUB, location, opened

AT_ONCE = 16  # rows
BUFFER = 2**22  # bytes of a column that are read at a time
NO_IMAGE = "no_image"


@contextmanager
def fetched(urls: dict[str, str], spec: Mapping[str, Any]) -> Iterator[tuple[Results, Contents]]:
    """As `Fetcher` says; places are JSON: file, row and column.

    Raises:
        ValueError: A file is no sound Parquet file any more, or cannot be reached.
    """
    results = dict.fromkeys(urls, ("success", ""))
    wanted: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, place in urls.items():
        file, row, column = json.loads(place)
        wanted[file, column][row].append(key)
    with spool() as kept:
        for (file, column), keys in sorted(wanted.items()):
            for row, image in images(file, column, sorted(keys)):
                for key in keys[row]:
                    if image and image["bytes"] is not None:
                        kept.add(key, image["bytes"])
                    else:
                        results[key] = NO_IMAGE, _why(column, image)
        yield results, kept.sorted()


def images(file: str, column: str, rows: list[int]) -> Iterator[tuple[int, dict | None]]:
    """Yield the rows asked for, which rise, with `bytes` and `path` of each; None where null."""
    import pyarrow.dataset as pds
    from datasets import Features, Image, IterableDataset, config
    from datasets.data_files import DataFilesDict, DataFilesList

    config.TORCH_AVAILABLE = False  # else it imports torch, if it can
    with opened(file) as table:
        sizes = [table.metadata.row_group(n).num_rows for n in range(table.num_row_groups)]
    # As the library's own lists of files, names are no patterns.
    place = location(file)
    place = place if ON_HUB.fullmatch(place) else os.path.abspath(place)
    options = pds.ParquetFragmentScanOptions(
        use_buffered_stream=True, buffer_size=BUFFER, pre_buffer=False
    )
    with TemporaryDirectory(prefix="mia-datasets-") as nothing, sound(file):
        stream = IterableDataset.from_parquet(
            DataFilesDict({"all": DataFilesList([place], [()])}),
            split="all",
            columns=[column],
            features=Features({column: Image(decode=False)}),
            cache_dir=nothing,
            batch_size=AT_ONCE,
            fragment_scan_options=options,
            storage_options={"hf": {"block_size": AHEAD}},
        )
        groups = stream.reshard().with_format("arrow")
        first = 0
        for number, size in enumerate(sizes):
            if inside := rows[bisect_left(rows, first) : bisect_left(rows, first + size)]:
                group = groups.shard(num_shards=len(sizes), index=number)
                yield from _of_group(group, column, first, inside)
            first += size
        if rows[-1] >= first:
            raise ValueError(f"{file}: row {rows[-1]} is no longer there")


def _of_group(group: Any, column: str, first: int, rows: list[int]) -> Iterator[tuple[int, Any]]:
    left, start = list(rows), first
    for batch in group.iter(batch_size=AT_ONCE):
        while left and left[0] < start + len(batch):
            yield left[0], batch[column][left[0] - start].as_py()
            left.pop(0)
        start += len(batch)
        if not left:
            return
    raise ValueError(f"row {left[0]} is no longer there")


def _why(column: str, image: dict | None) -> str:
    path = image and image["path"]
    held = f"no bytes, only the path {path!r}, which is not opened" if path else "null"
    return f"column {column!r} holds {held}"
