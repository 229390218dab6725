"""Shards become one file per question, however many of either there are."""

import pandas as pd

from mia import storage
from mia.query import grid
from mia.stages.gather import AT_ONCE, by_query

QUERIES = grid("denoise", range(2 * AT_ONCE + 3), 1)


def shard(image_ids):
    rows = [
        {"key": image_id, "image_id": image_id, "query": query.name, "value": query.timestep}
        for image_id in image_ids
        for query in QUERIES
    ]
    return pd.DataFrame(rows, columns=["key", "image_id", "query", "value"])


def test_every_query_has_its_rows_of_all_shards_in_order(tmp_path):
    """A shard without images holds columns without a type."""
    paths = [tmp_path / f"{number:03d}.parquet" for number in range(3)]
    for path, image_ids in zip(paths, (["c", "a"], [], ["b"]), strict=True):
        storage.write(shard(image_ids), path)
    found = dict(by_query(QUERIES, paths))
    assert list(found) == list(QUERIES)
    for query, rows in found.items():
        assert rows["image_id"].tolist() == ["a", "b", "c"]
        assert rows["value"].tolist() == [query.timestep] * 3
