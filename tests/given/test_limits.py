"""A limit plans what it always did, from digests alone: compared with a plain way over all rows."""

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mia import storage
from mia.given import table as given
from mia.images import plan
from mia.images.sources.shared import listing
from mia.stages import plan as stage

ADDRESSES = [
    None,
    "",
    " ",
    "http://a.org/1",
    " HTTP://A.org/1#x",
    "http://a.org/ü",
    "http://a.org/%C3%BC",
    "http://127.0.0.1/x",
    "ftp://a.org/x",
    "http://user@a.org/",
]


def naive(parts: dict[str, tuple[list, list]], limits: dict[str, int]) -> pd.DataFrame:
    """Every address cleaned, every key made, all rows sorted; then the limits."""
    rows = [
        {"part": part, "row": row, "given": url, "caption": caption or ""}
        for part, columns in parts.items()
        for row, (url, caption) in enumerate(zip(*columns, strict=True))
    ]
    table = pd.DataFrame(rows).sort_values(["part", "row"], ignore_index=True)
    table["url"] = [cleaned(url) for url in table["given"]]
    names = [
        row.url if row.url else f"row:{row.part}:{row.row}" for row in table.itertuples(index=False)
    ]
    repeat = pd.Series(names).groupby(names).cumcount()
    table["digest"] = list(map(plan.digest, names))
    table["key"] = [
        plan.digest(f"{name}#{n}") if n else plan.digest(name)
        for name, n in zip(names, repeat, strict=True)
    ]
    place = table.sort_values(["digest", "part", "row"]).groupby("part").cumcount()
    allowed = table["part"].map(limits)
    table = table[allowed.isna() | (place.reindex(table.index) < allowed)]
    return table.sort_values("key", ignore_index=True)[["key", "part", "row", "url", "caption"]]


def cleaned(url):
    try:
        return plan.clean_url(url) if url else url
    except ValueError:
        return url


def random_parts(seed: int) -> tuple[dict, dict]:
    """Parts with repeats within and across them, nulls and empty cells; some with a limit."""
    choose = random.Random(seed)
    parts, limits = {}, {}
    for name in ["b", "a", "c"][: choose.randint(1, 3)]:
        count = choose.randint(1, 60)
        fresh = [f"http://b.org/{choose.randint(0, 50)}.jpg" for _ in range(20)]
        urls = choose.choices([*ADDRESSES, *fresh], k=count)
        captions = choose.choices(["one", "", None, "a, b", "c\nd"], k=count)
        parts[name] = (urls, captions)
        if choose.random() < 0.7:
            limits[name] = choose.choice([1, 2, 7, count, count + 5])
    return parts, limits


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("seed", range(40))
def test_what_a_limit_takes_is_what_a_plain_way_takes(tmp_path, monkeypatch, seed, kind):
    monkeypatch.setattr(given, "ROWS_AT_ONCE", random.Random(seed).choice([1, 7, 99]))
    monkeypatch.setattr(listing, "AT_ONCE", random.Random(-seed).choice([1, 5, 99]))
    parts, limits = random_parts(seed)
    spec = {"source": "urls", "parts": {}}
    for name, (urls, captions) in parts.items():
        path = tmp_path / f"{name}.{kind}"
        table = pd.DataFrame({"caption": captions, "url": urls}, dtype=object)
        if kind == "csv":
            table.to_csv(path, index=False, quoting=1)
            parts[name] = (["" if url is None else url for url in urls], captions)
        else:
            pq.write_table(pa.Table.from_pandas(table), path, row_group_size=13)
        spec["parts"][name] = {"path": str(path)}
        if name in limits:
            spec["parts"][name]["limit"] = limits[name]
    outputs = [tmp_path / f"{n}.parquet" for n in range(3)]
    stage.write_plan(spec, outputs)
    found = pd.concat(map(storage.read, outputs)).sort_values("key", ignore_index=True)
    expected = naive(parts, limits)
    for column in expected:
        cells = [None if pd.isna(cell) else cell for cell in found[column]]
        assert cells == expected[column].tolist(), column


LETTERS = "aZ09-._~/:@!$&'()*+,;=%?#[] üé\\\"<>^`{|}"


def test_an_address_that_is_taken_for_clean_is():
    """The short way says of no address what the long way does not."""
    choose = random.Random(0)
    short = 0
    for _ in range(20_000):
        host = "".join(
            choose.choices(choose.choice(["ab09-_.", "ab.:@%A"]), k=choose.randint(1, 9))
        )
        path = "".join(
            choose.choices(choose.choice([LETTERS[:22], LETTERS]), k=choose.randint(0, 9))
        )
        text = (
            choose.choice(["http://", "https://", "HTTP://"])
            + host
            + choose.choice(["/", "", "?"])
            + path
        )
        if plan.CLEAN.fullmatch(text):
            short += 1
            assert plan._cleaned(text) == text
    assert short > 1000


def test_only_the_rows_taken_are_cleaned_and_read(tmp_path, monkeypatch):
    urls = [f"http://a.org/{n}" for n in range(1000)]
    table = pd.DataFrame({"url": urls, "caption": [str(n) for n in range(1000)], "other": 1.5})
    table.to_parquet(tmp_path / "urls.parquet")
    asked, read = [], []
    values = given.values

    def counted(cells, column, *others):
        read.append((column.name, len(cells)))
        return values(cells, column, *others)

    require = plan.require_public
    monkeypatch.setattr(given, "values", counted)
    monkeypatch.setattr(plan, "require_public", lambda *host: asked.append(require(*host)))
    spec = {"source": "urls", "path": str(tmp_path / "urls.parquet"), "limit": 10}
    stage.write_plan(spec, [tmp_path / "plan.parquet"])
    assert len(asked) == 10
    total = pd.DataFrame(read, columns=["column", "cells"]).groupby("column")["cells"].sum()
    assert total.to_dict() == {"caption": 10, "url": 1010}


def test_memory_does_not_grow_with_what_a_limit_leaves_out(tmp_path, monkeypatch):
    """40 MB of captions in one row group; ten rows are wanted."""
    monkeypatch.setattr(given, "BYTES_AT_ONCE", 2**16)
    monkeypatch.setattr(given, "ROWS_AT_ONCE", 256)
    count = 20_000
    letters = np.random.default_rng(0).integers(97, 123, (count, 2_000), dtype=np.uint8)
    captions = [bytes(row).decode() for row in letters]
    urls = [f"http://a.org/{n}" for n in range(count)]
    pq.write_table(pa.table({"url": urls, "caption": captions}), tmp_path / "urls.parquet")
    size = sum(map(len, captions))
    del captions, letters
    held = []
    values = given.values

    def weighed(*arguments):
        held.append(pa.total_allocated_bytes())
        return values(*arguments)

    monkeypatch.setattr(given, "values", weighed)
    before = pa.total_allocated_bytes()
    spec = {"source": "urls", "path": str(tmp_path / "urls.parquet"), "limit": 10}
    stage.write_plan(spec, [tmp_path / "plan.parquet"])
    assert len(held) > 10 and max(held) - before < size / 4
