"""Columns of any type: text by one rule in every table, or an error with file, row and column."""

import datetime
import decimal
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mia import storage
from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.images import plan
from mia.images.sources.folder import read_captions
from mia.stages import plan as stage

LIST, LARGE = pa.list_, pa.large_list
ONE, TWO, NONE = "one", "two", None

READ = {
    "text": (pa.string(), [ONE, "", NONE], [ONE, "", NONE]),
    "large text": (pa.large_string(), [ONE, NONE], [ONE, NONE]),
    "views of text": (pa.string_view(), [ONE, NONE], [ONE, NONE]),
    "bytes": (pa.binary(), ["eins zwölf".encode(), b"", NONE], ["eins zwölf", "", NONE]),
    "large bytes": (pa.large_binary(), [b"one", NONE], [ONE, NONE]),
    "views of bytes": (pa.binary_view(), [b"one", NONE], [ONE, NONE]),
    "bytes of one length": (pa.binary(3), [b"one", NONE], [ONE, NONE]),
    "categories": (
        pa.dictionary(pa.int8(), pa.string()),
        [ONE, TWO, ONE, NONE],
        [ONE, TWO, ONE, NONE],
    ),
    "categories of bytes": (pa.dictionary(pa.int32(), pa.binary()), [b"one", NONE], [ONE, NONE]),
    "a list": (LIST(pa.string()), [[ONE, TWO], [], NONE, [TWO]], [ONE, NONE, NONE, TWO]),
    "a large list": (LARGE(pa.large_string()), [[ONE], [NONE, TWO]], [ONE, NONE]),
    "a list of one length": (LIST(pa.string(), 2), [[ONE, TWO], NONE], [ONE, NONE]),
    "a list of views": (LIST(pa.string_view()), [[ONE], [], NONE], [ONE, NONE, NONE]),
    "a list of bytes": (LIST(pa.binary()), [[b"one"], [], [b"two", b"\xff"]], [ONE, NONE, TWO]),
    "a list of lists": (LIST(LIST(pa.string())), [[[ONE], [TWO]], [[]]], [ONE, NONE]),
    "a list of categories": (LIST(pa.dictionary(pa.int8(), pa.string())), [[ONE], []], [ONE, NONE]),
    "integers": (pa.int64(), [7, 2**62 + 1, NONE], ["7", "4611686018427387905", NONE]),
    "small integers": (pa.uint8(), [255, NONE], ["255", NONE]),
    "a type of its own": (pa.json_(), ['{"a": 1}', NONE], ['{"a": 1}', NONE]),
    "nothing": (pa.null(), [NONE, NONE], [NONE, NONE]),
    "floats that are all missing": (pa.float64(), [float("nan"), NONE], [NONE, NONE]),
}

STRUCT = pa.struct({"text": pa.string(), "score": pa.float32()})
TYPES_REFUSED = {
    "a struct": (STRUCT, [{"text": "a"}], "a struct with the fields text, score; take one of"),
    "a list of structs": (LIST(STRUCT), [[{"text": "a"}]], "a struct with the fields text, score"),
    "a map": (pa.map_(pa.string(), pa.string()), [[("a", "b")]], "map<string, string"),
    "truth": (pa.bool_(), [True], "bool"),
    "a date": (pa.date32(), [datetime.date(2020, 1, 1)], "date32[day]"),
    "a time": (pa.timestamp("us"), [datetime.datetime(2020, 1, 1)], "timestamp[us]"),
    "a decimal": (pa.decimal128(4, 1), [decimal.Decimal("1.5")], "decimal128(4, 1)"),
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50_000)
CELLS_REFUSED = {
    "a float": (pa.float64(), [NONE, 3.0], "(double) holds the number 3.0"),
    "a half float": (pa.float16(), [NONE, np.float16(0.5)], "(halffloat) holds the number 0.5"),
    "bytes of Latin-1": (
        pa.binary(),
        [b"ok", "ü".encode("latin-1")],
        "(binary) holds 1 bytes that",
    ),
    "a image": (pa.large_binary(), [PNG], "(large_binary) holds 50,008 bytes that are no UTF-8"),
    "a list of images": (LIST(pa.binary()), [[], [PNG]], "(binary) holds 50,008 bytes"),
    "NUL": (pa.string(), ["a", "b\0c"], "(string) holds a NUL character: 'b\\x00c'"),
    "NUL in a category": (pa.dictionary(pa.int8(), pa.string()), ["b\0"], "holds a NUL character"),
}


def given(path, cells, **others):
    """A table of addresses with one more column, in two row groups."""
    count = len(cells)
    columns = {"url": [f"http://a.org/{n}" for n in range(count)], "text": cells, **others}
    pq.write_table(pa.table(columns), path, row_group_size=max(1, count - 1))
    return GivenTable(path, "given.parquet")


@pytest.mark.parametrize(("kind", "cells", "expected"), READ.values(), ids=READ)
def test_what_is_text_is_read_as_it_is(tmp_path, kind, cells, expected):
    table = given(tmp_path / "given.parquet", pa.array(cells, kind))
    assert table.frame([Column("text")])["text"].tolist() == expected


@pytest.mark.parametrize(("kind", "cells", "expected"), READ.values(), ids=READ)
def test_some_rows_are_read_as_all_are(tmp_path, monkeypatch, kind, cells, expected):
    monkeypatch.setattr("mia.given.table.ROWS_AT_ONCE", 5)
    table = given(tmp_path / "given.parquet", pa.array(cells * 6, kind))
    taken = np.array([0, 1, 3, 4, 6, 11])
    rows, columns = zip(*table.texts([Column("text")], taken), strict=True)
    assert np.concatenate(rows).tolist() == taken.tolist()
    found = [cell for column in columns for cell in column["text"]]
    assert found == [(expected * 6)[row] for row in taken]


@pytest.mark.parametrize(("kind", "cells", "held"), TYPES_REFUSED.values(), ids=TYPES_REFUSED)
def test_a_type_that_holds_no_text_is_refused_before_a_row_is_read(tmp_path, kind, cells, held):
    table = given(tmp_path / "given.parquet", pa.array(cells, kind))
    with pytest.raises(ValueError) as caught:
        table.require([Column("text")])
    assert str(caught.value).startswith(f"given.parquet: column 'text' holds {held}")
    assert str(caught.value).endswith("; expected text")


@pytest.mark.parametrize(("kind", "cells", "held"), CELLS_REFUSED.values(), ids=CELLS_REFUSED)
def test_a_cell_that_is_no_text_is_refused_with_its_row(tmp_path, kind, cells, held):
    table = given(tmp_path / "given.parquet", pa.array(cells, kind))
    with pytest.raises(ValueError) as caught:
        table.frame([Column("text")])
    row = 1 + len([cell for cell in cells[:-1] if cell is NONE or cell in ("a", b"ok", [])])
    message = str(caught.value)
    assert message.startswith(f"given.parquet: row {row}: column 'text' ")
    assert held in message and len(message) < 300


def test_a_string_that_is_no_utf8_is_refused_with_its_row(tmp_path):
    """Parquet's writers do not look at what they call a string."""
    offsets = pa.array([0, 1, 3], pa.int32()).buffers()[1]
    cells = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"a\xff\xfe")])
    table = given(tmp_path / "given.parquet", cells)
    said = r"given\.parquet: row 2: column 'text' \(.*\) holds 2 bytes that are no UTF-8; expected"
    with pytest.raises(ValueError, match=said):
        table.frame([Column("text")])


def test_of_two_columns_of_one_name_none_is_taken(tmp_path):
    columns = [pa.array(["a"]), pa.array(["b"]), pa.array([{"b": 1}])]
    pq.write_table(pa.table(columns, names=["text", "text", "a"]), tmp_path / "given.parquet")
    with pytest.raises(ValueError, match=r"given\.parquet: column 'text' is there twice"):
        GivenTable(tmp_path / "given.parquet").require([Column("text")])


def test_a_name_with_a_dot_is_a_column_and_no_path(tmp_path):
    columns = [pa.array([{"b": "inner"}]), pa.array(["outer"])]
    pq.write_table(pa.table(columns, names=["a", "a.b"]), tmp_path / "given.parquet")
    found = GivenTable(tmp_path / "given.parquet").frame([Column("a.b")])
    assert found["a.b"].tolist() == ["outer"]


HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([bytes.fromhex(HASH), None], pa.binary()),
        pa.array([bytes.fromhex(HASH), None], pa.binary(32)),
        pa.array([HASH.upper(), None]),
        pa.array([f" {HASH} \n".encode(), None], pa.large_binary()),
        pa.array([[HASH], []], LIST(pa.string())),
        pa.array([HASH, None]).dictionary_encode(),
    ],
    ids=lambda cells: str(cells.type),
)
def test_a_hash_may_be_bytes_or_digits(tmp_path, cells):
    table = given(tmp_path / "given.parquet", cells)
    assert table.frame([Column("text", digits=64)])["text"].tolist() == [HASH, None]
    spec = {"source": "urls", "path": str(tmp_path / "given.parquet"), "caption": "url"}
    stage.write_plan({**spec, "picture_sha256": "text"}, [tmp_path / "plan.parquet"])
    rows = storage.read(tmp_path / "plan.parquet").sort_values("row")
    assert rows["sha256"].tolist() == [HASH, ""]
    assert rows["status"].tolist() == ["", "no_sha256"]


@pytest.mark.parametrize(
    "cells", [pa.array([0.5, 2]), pa.array([1, 2]), pa.array(["0.5", "2"]), pa.array([b"0.5"])]
)
def test_numbers_are_read_where_numbers_are_expected(tmp_path, cells):
    table = given(tmp_path / "given.parquet", cells)
    found = pd.to_numeric(table.frame([Column("text", numbers=True)])["text"])
    assert found.tolist() == [float(cell) for cell in cells.to_pylist()]


@pytest.mark.parametrize("index", ["url", None, ["url", "more"]], ids=str)
def test_an_address_that_pandas_kept_as_index_is_found(tmp_path, index):
    frame = pd.DataFrame({"url": ["http://a.org/1"], "more": [1], "caption": ["one"]})
    frame = frame.set_index(index) if index else frame.set_index("url").rename_axis(None)
    frame.to_parquet(tmp_path / "given.parquet")
    spec = {"source": "urls", "path": str(tmp_path / "given.parquet")}
    if index is None:
        said = "no column 'url'; found: more, caption, __index_level_0__"
        with pytest.raises(ValueError, match=said):
            stage.write_plan(spec, [tmp_path / "plan.parquet"])
        spec["url"] = "__index_level_0__"
    stage.write_plan(spec, [tmp_path / "plan.parquet"])
    assert storage.read(tmp_path / "plan.parquet")["url"].tolist() == ["http://a.org/1"]


def test_pictures_in_a_column_of_addresses_are_refused_with_the_way_out(tmp_path):
    given(tmp_path / "given.parquet", pa.array([PNG] * 60, pa.binary()))
    spec = {"source": "urls", "path": str(tmp_path / "given.parquet"), "url": "text"}
    arguments = ["--name", "mine", "--settings", json.dumps({**spec, "caption": "url"}), "--output"]
    with pytest.raises(SystemExit) as caught:
        stage.main([*arguments, str(tmp_path / "plan.parquet")])
    message = str(caught.value)
    assert "row 1: column 'text' (binary) holds 50,008 bytes that are no UTF-8" in message
    assert "use source: parquet" in message
    assert len(message) < 400 and not (tmp_path / "plan.parquet").exists()


LONG = "x" * 5_000
LONG_ADDRESSES = {
    "no scheme": LONG,
    "a data address": f"data:image/png;base64,{LONG}",
    "a control character": f"http://a.org/{LONG}\x01",
    "a host of nothing": f"http:///{LONG}",
    "a host too long": f"http://{LONG}/",
    "a user": f"http://{LONG}@a.org/",
    "a port": f"http://a.org:{LONG}/",
    "a bracket": f"http://[{LONG}/",
    "a private host": f"http://{'a.' * 2_000}localhost/",
}


@pytest.mark.parametrize("address", LONG_ADDRESSES.values(), ids=LONG_ADDRESSES)
def test_no_error_carries_a_whole_cell(address):
    rows = pd.DataFrame({"url": [address], "status": [""], "error": [""]})
    rows = plan.with_cleaned_urls(rows)
    assert rows["status"][0] in ("bad_url", "private_address")
    assert 10 < len(rows["error"][0]) < 500
    rest = rows["error"][0].replace("x" * 100, "")
    assert len(rest) < 340


@pytest.mark.parametrize("column", ["file", "caption", "alt_blip"])
def test_captions_follow_the_same_rules(tmp_path, column):
    columns = {"file": ["a.png"], "caption": ["A"], "alt_blip": ["B"]}
    pq.write_table(pa.table({**columns, column: [[b"bytes"]]}), tmp_path / "captions.parquet")
    found = read_captions(str(tmp_path / "captions.parquet"), {"alternates": ["blip"]})
    assert found[column].tolist() == ["bytes"]
    pq.write_table(pa.table({**columns, column: [{"a": 1}]}), tmp_path / "captions.parquet")
    with pytest.raises(ValueError, match=rf"captions\.parquet: column '{column}' holds a struct"):
        read_captions(str(tmp_path / "captions.parquet"), {"alternates": ["blip"]})


def cut(data):
    return data[:-20]


def flipped(data):
    return data[:40] + bytes([data[40] ^ 255]) + data[41:]


def empty(data):
    return b""


def renamed(data):
    """A column's name that is no UTF-8."""
    return data.replace(b"text", b"te\xfft")


@pytest.mark.parametrize("damage", [cut, flipped, empty, renamed])
def test_a_damaged_table_is_named(tmp_path, damage):
    path = tmp_path / "given.parquet"
    given(path, pa.array(["some text"] * 500))
    path.write_bytes(damage(path.read_bytes()))
    try:
        GivenTable(path, "given.parquet").frame([Column("text"), Column("url")])
    except ValueError as error:
        assert str(error).startswith("given.parquet: ") and "\n" not in str(error)
    else:
        assert damage is flipped, "a file without checksums may hide it"
