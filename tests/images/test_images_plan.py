"""Image sets on paper: clean addresses, keys, shards, limits, and every mistake of a source."""

import hashlib
import json

import pandas as pd
import pytest
from PIL import Image

from mia import storage
from mia.images import plan
from mia.images.sources.shared import openmoji
from mia.stages import plan as stage


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("http://a.org/x.jpg", "http://a.org/x.jpg"),
        ("  HTTPS://A.Org/x.jpg ", "https://a.org/x.jpg"),
        ("http://a.org/a b.jpg", "http://a.org/a%20b.jpg"),
        ("http://a.org/a%20b.jpg", "http://a.org/a%20b.jpg"),
        ("http://a.org/100%.jpg", "http://a.org/100%25.jpg"),
        ("http://a.org/u\u0308.jpg", "http://a.org/%C3%BC.jpg"),
        ("http://a.org/x?q=é&r=1#part", "http://a.org/x?q=%C3%A9&r=1"),
        ("http://bücher.org/x", "http://xn--bcher-kva.org/x"),
        ("http://a.org:8080", "http://a.org:8080/"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("http://127%2e0.0.1/x", "http://127.0.0.1/x"),
        ("http://１２７.0.0.1/x", "http://127.0.0.1/x"),
    ],
)
def test_addresses_are_cleaned_once_and_for_all(given, cleaned):
    assert plan.clean_url(given) == cleaned
    assert plan.clean_url(cleaned) == cleaned


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://a.org/x",
        "data:image/png;base64,AAAA",
        "a.org/x.jpg",
        "http://",
        "http:///x.jpg",
        "http://a.org:port/x",
        "http://a.org/\nx",
        "http://user:word@a.org/x",
        "http://[::1/x",
        "http://a..org/x",
        "http://a%2fb/x",
        "http://a%40127.0.0.1/x",
    ],
)
def test_other_addresses_are_refused_with_the_address(address):
    with pytest.raises(ValueError, match=r"address|host") as caught:
        plan.clean_url(address)
    assert repr(address)[1:5] in str(caught.value)


def run(tmp_path, spec, shards=1):
    outputs = [tmp_path / f"plan/{n:03d}.parquet" for n in range(shards)]
    stage.main(
        ["--name", "mine", "--settings", json.dumps(spec), "--output", *map(str, outputs)],
    )
    return [storage.read(output) for output in outputs]


@pytest.fixture
def urls(tmp_path):
    path = tmp_path / "urls.csv"
    path.write_text(
        "url,caption\nhttp://a.org/1,one\nhttp://a.org/2,\nfile:///x,three\n,four\nhttp://a.org/1,five\n"
    )
    return {"source": "urls", "path": str(path), "url": "url", "caption": "caption"}


def test_keys_of_addresses_repeats_and_rows_without(tmp_path, urls):
    (rows,) = run(tmp_path, urls)
    rows = rows.sort_values("row")
    named = ["http://a.org/1", "http://a.org/2", "file:///x", "row::3", "http://a.org/1#1"]
    assert rows["key"].tolist() == [sha(name) for name in named]
    assert rows["status"].tolist() == ["", "", "bad_url", "bad_url", ""]
    assert rows["caption"].tolist() == ["one", "", "three", "four", "five"]
    assert "file:///x" in rows["error"].iloc[2]
    assert rows["url"].iloc[4] == "http://a.org/1"


def test_repeats_are_counted_over_the_parts_in_order_of_their_names(tmp_path, urls):
    parts = {name: {"path": urls["path"]} for name in ("second", "first")}
    spec = {key: value for key, value in urls.items() if key != "path"}
    (rows,) = run(tmp_path, {**spec, "parts": parts})
    keys = rows[rows["url"] == "http://a.org/2"].set_index("part")["key"].to_dict()
    assert keys == {"first": sha("http://a.org/2"), "second": sha("http://a.org/2#1")}


def test_rows_without_an_address_have_keys_of_their_own_in_every_part(tmp_path, urls):
    spec = {key: value for key, value in urls.items() if key != "path"}
    parts = {name: {"path": urls["path"]} for name in ("member", "nonmember")}
    (rows,) = run(tmp_path, {**spec, "parts": parts})
    nameless = rows[rows["error"] == "the row has no address"].set_index("part")["key"]
    assert nameless.to_dict() == {part: sha(f"row:{part}:3") for part in parts}


def test_parts_are_mixed_in_every_shard(tmp_path):
    parts = {}
    for part in ("member", "nonmember"):
        parts[part] = {"path": str(tmp_path / f"{part}.csv")}
        lines = [f"http://a.org/{part}/{n},x" for n in range(400)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["url,caption", *lines]))
    for shard in run(tmp_path, {"source": "urls", "parts": parts}, shards=4):
        share = (shard["part"] == "member").mean()
        assert 0.35 < share < 0.65 and 150 < len(shard) < 250


def test_addresses_of_private_hosts_are_rows_unless_the_config_names_the_host(tmp_path, urls):
    hosts = ["127.0.0.1:8000", "127%2e1", "2130706433", "[::ffff:10.0.0.1]", "localhost", "a.org"]
    lines = [f"http://{host}/x,text" for host in hosts]
    (tmp_path / "urls.csv").write_text("\n".join(["url,caption", *lines]))
    (rows,) = run(tmp_path, urls)
    assert rows.sort_values("row")["status"].tolist() == ["private_address"] * 5 + [""]
    assert rows["url"].str.startswith("http://").all()
    (rows,) = run(tmp_path, {**urls, "allow_hosts": ["127.0.0.1", "localhost"]})
    status = rows.sort_values("row")["status"].tolist()
    assert status == ["", *["private_address"] * 3, "", ""]


def test_shards_hold_each_row_once_and_repeats_stay_together(tmp_path, urls):
    (whole,) = run(tmp_path, urls)
    shards = run(tmp_path, urls, shards=3)
    for number, shard in enumerate(shards):
        assert shard["key"].is_monotonic_increasing
        for row in shard.itertuples():
            name = row.url if row.url else f"row:{row.part}:{row.row}"
            assert int(sha(name), 16) % 3 == number
    merged = pd.concat(shards).sort_values("key", ignore_index=True)
    pd.testing.assert_frame_equal(merged, whole)


def test_a_limit_takes_the_smallest_hashes_and_changes_no_key(tmp_path):
    everything = run(tmp_path, {"source": "builtin"})[0]
    few = run(tmp_path, {"source": "builtin", "limit": 40})[0]
    assert few["key"].tolist() == sorted(everything["key"])[:40]


def test_parts_of_the_builtin_set_by_collection(tmp_path):
    spec = {"source": "builtin", "parts": {"extra": {"collection": "private-use", "limit": 50}}}
    (rows,) = run(tmp_path, spec)
    assert rows["part"].value_counts().to_dict() == {"": 4128, "extra": 50}
    extra = rows.loc[rows["part"] == "extra", "url"].map(openmoji.code_of)
    assert set(extra.map(openmoji.collection)) == {"private-use"}
    assert rows["caption"].str.len().gt(0).all()
    assert set(rows["url"].str.slice(0, 23)) == {"http://openmoji.invalid/"[:23]}
    (own,) = run(tmp_path, {"source": "builtin", "collection": "private-use"})
    assert len(own) == 367


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine/deep").mkdir(parents=True)
    for name in ("a.png", "deep/b.png", "c.JPG"):
        Image.new("RGB", (8, 8), "red").save(tmp_path / "mine" / name)
    (tmp_path / "mine/captions.csv").write_text("file,caption\na.png,A\ndeep/b.png,B\nc.JPG,C\n")
    return {"source": "folder", "path": "mine", "captions": "mine/captions.csv"}


def test_a_folder_set(tmp_path, folder):
    (rows,) = run(tmp_path, folder)
    rows = rows.sort_values("row")
    assert rows["url"].tolist() == ["mine/a.png", "mine/c.JPG", "mine/deep/b.png"]
    assert rows["caption"].tolist() == ["A", "C", "B"]
    assert rows["key"].tolist() == [sha(url) for url in rows["url"]]


def test_a_folder_without_a_captions_file_has_empty_captions(tmp_path, folder):
    del folder["captions"]
    assert run(tmp_path, folder)[0]["caption"].tolist() == ["", "", ""]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"path": "nowhere"}, ["nowhere", "no such folder"]),
        ({"path": "empty", "captions": None}, ["empty", "no image"]),
        ({"captions": "mine/none.csv"}, ["mine/none.csv", "no such captions file"]),
        ({"captions": "wrong.csv"}, ["wrong.csv", "'file'", "found: name, caption"]),
        ({"captions": "unknown.csv"}, ["unknown.csv", "row 2", "'ghost.png'", "mine"]),
        ({"captions": "partial.csv"}, ["partial.csv", "no row for 2 of 3", "'c.JPG'"]),
        ({"captions": "twice.csv"}, ["twice.csv", "rows 1 and 3", "'a.png'"]),
    ],
)
def test_mistakes_of_a_folder_set(tmp_path, folder, change, expected):
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong.csv").write_text("name,caption\na.png,A\n")
    (tmp_path / "unknown.csv").write_text("file,caption\na.png,A\nghost.png,G\n")
    (tmp_path / "partial.csv").write_text("file,caption\na.png,A\n")
    (tmp_path / "twice.csv").write_text("file,caption\na.png,A\nc.JPG,C\na.png,B\n")
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, {**folder, **change})
    message = str(caught.value)
    assert message.startswith("error: image_sets.mine: ")
    assert all(words in message for words in expected), message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"url": "link"}, ["urls.csv", "'link'", "found: url, caption"]),
        ({"caption": "text"}, ["urls.csv", "'text'", "found: url, caption"]),
        ({"picture_sha256": "hash"}, ["urls.csv", "'hash'", "found: url, caption"]),
        ({"picture_sha256": "caption"}, ["urls.csv", "row 1", "'one'", "64 hexadecimal digits"]),
        ({"path": "none.csv"}, ["none.csv", "no such table"]),
        ({"path": "list.txt"}, ["list.txt", ".csv or .jsonl or .parquet"]),
        ({"path": "bare.csv"}, ["bare.csv", "no rows"]),
        ({"path": "broken.parquet"}, ["broken.parquet", "not a sound Parquet table"]),
    ],
)
def test_mistakes_of_a_table_of_addresses(tmp_path, urls, monkeypatch, change, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text("http://a.org/1\n")
    (tmp_path / "bare.csv").write_text("url,caption\n")
    (tmp_path / "broken.parquet").write_text("no table\n")
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, {**urls, **change})
    assert all(words in str(caught.value) for words in expected), caught.value


def test_a_parquet_table_gives_the_same_plan_as_a_csv(tmp_path, urls):
    table = pd.read_csv(urls["path"])
    table.to_parquet(tmp_path / "urls.parquet")
    (of_csv,) = run(tmp_path, urls)
    (of_parquet,) = run(tmp_path, {**urls, "path": str(tmp_path / "urls.parquet")})
    pd.testing.assert_frame_equal(of_csv.drop(columns="url"), of_parquet.drop(columns="url"))
