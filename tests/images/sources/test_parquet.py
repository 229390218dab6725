"""`parquet`: bytes as they are, from files here and on the hub; a limit reads what it needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub_cache import cache_dataset, only_the_cache
from hub_server import hub_of
from image_road import planned, refused, road
from mia.config.contents import Contents
from mia.config.image_contents import download_contents, plan_contents
from mia.images.download.parquet_images import fetched
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.parquet_rows import FEWEST, ParquetRows
from mia.images.sources.shared.shelf import source
from written_formats import noise_png

MINE = {"source": "parquet", "path": "mine"}
ONE, TWO = noise_png(1), noise_png(2)
REPO, REVISION = "some/images", "a" * 40


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()


def lay(images: pa.Array | list, name: str = "t.parquet", group: int = 100, **columns) -> None:
    columns = columns or {"caption": [f"cat {number}" for number in range(len(images))]}
    pq.write_table(pa.table({"image": images, **columns}), Path("mine", name), row_group_size=group)


FORMS = {
    "bytes": pa.array([ONE, TWO]),
    "large bytes": pa.array([ONE, TWO], pa.large_binary()),
    "bytes and path": pa.array([{"bytes": ONE, "path": "a.png"}, {"bytes": TWO, "path": None}]),
    "path first": pa.array([{"path": "a.png", "bytes": ONE}, {"path": "b.png", "bytes": TWO}]),
    "bytes alone": pa.array([{"bytes": ONE}, {"bytes": TWO}]),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_stay_as_they_are(form):
    lay(FORMS[form])
    found = road(MINE)
    assert found["data"].to_dict() == {"mine/t.parquet#0": ONE, "mine/t.parquet#1": TWO}
    assert found["caption"].to_dict() == {"mine/t.parquet#0": "cat 0", "mine/t.parquet#1": "cat 1"}


def test_a_table_of_the_library_is_read_beside_columns_of_any_type():
    """It says of its columns what they are; pandas writes categories, and others write maps."""
    from datasets import Dataset, Image

    rows = [{"image": {"bytes": ONE, "path": None}, "caption": "a"}]
    Dataset.from_list(rows).cast_column("image", Image()).to_parquet("mine/t.parquet")
    assert road(MINE)["data"].tolist() == [ONE]
    odd = pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int64()))
    captions = pa.array(["x", "y", "x"]).dictionary_encode()
    lay([ONE, TWO, ONE], caption=captions, odd=odd, other=captions)
    found = road(MINE)
    assert found["data"].sort_index().tolist() == [ONE, TWO, ONE]
    assert found["caption"].sort_index().tolist() == ["x", "y", "x"]


def test_a_row_without_bytes_is_a_row_that_says_so():
    path_only = {"bytes": None, "path": "/etc/hostname"}
    lay(pa.array([{"bytes": ONE, "path": None}, None, path_only, {"bytes": b"no", "path": None}]))
    found = road(MINE).sort_index()
    assert found["status"].tolist() == ["success", "no_image", "no_image", "not_an_image"]
    assert found["error"].tolist()[1:3] == [
        "column 'image' holds null",
        "column 'image' holds no bytes, only the path '/etc/hostname', which is not opened",
    ]
    assert found["data"].tolist()[1:3] == [None, None]


def test_names_of_files_are_no_patterns_to_the_library():
    folder = Path("mine", "__x [0]*", ".y")
    folder.mkdir(parents=True)
    lay([ONE, TWO], "__x [0]*/a?.parquet")
    lay([ONE], "__x [0]*/.y/hidden.parquet")
    assert road(MINE)["data"].to_dict() == {
        "mine/__x [0]*/a?.parquet#0": ONE,
        "mine/__x [0]*/a?.parquet#1": TWO,
    }


BAD = {
    "no column of images": (
        {"jpg": [ONE], "caption": ["a"]},
        "mine/t.parquet: no column 'image'; found: jpg, caption; bytes are in: jpg",
    ),
    "paths for images": (
        {"image": ["a.png"], "caption": ["a"], "raw": [b""]},
        "column 'image' holds string; expected an image's bytes, or a struct {bytes, path}; bytes "
        "are in: raw",
    ),
    "pixels for images": (
        {"image": [[[1, 2], [3, 4]]], "caption": ["a"]},
        "column 'image' holds list<",
    ),
    "no captions": ({"image": [ONE]}, "no column 'caption'; found: image"),
    "captions in structs": (
        {"image": [ONE], "caption": [{"en": "a"}]},
        "column 'caption' holds a struct with the fields en",
    ),
    "captions as truth values": (
        {"image": [ONE], "caption": [True]},
        "column 'caption' holds bool; expected text",
    ),
    "captions as numbers": (
        {"image": [ONE, ONE], "caption": [np.nan, 0.5]},
        "row 2: column 'caption' (double) holds the number 0.5",
    ),
    "captions that are no UTF-8": (
        {"image": [ONE], "caption": [b"\xff\xfe"]},
        "row 1: column 'caption' (binary) holds 2 bytes that are no UTF-8",
    ),
    "no row": (
        {"image": pa.array([], pa.binary()), "caption": pa.array([], pa.string())},
        "no rows",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_refused(case):
    columns, said = BAD[case]
    pq.write_table(pa.table(columns), "mine/t.parquet")
    assert said in refused(MINE)


def test_captions_as_bytes_and_lists_are_taken_by_rule():
    lay([ONE, TWO], caption=pa.array([["a cat", "a pet"], []]))
    lay([ONE], "u.parquet", caption=pa.array(["ä cat".encode()]))
    assert planned(MINE)["caption"].sort_index().tolist() == ["a cat", "", "ä cat"]


def test_what_is_no_parquet_is_refused():
    assert "mine: expected a file, a folder of such files, or a pattern" in refused(MINE)
    Path("mine/t.parquet").write_bytes(b"PAR1 and no more")
    assert "mine/t.parquet: not a sound Parquet table" in refused(MINE)
    Path("mine/t.parquet").unlink()
    Path("mine/t.parquet").symlink_to("nowhere.parquet")
    assert "mine: t.parquet: a link to nothing" in refused(MINE)


def test_a_table_that_changed_after_the_plan_stops_the_download():
    lay([ONE, TWO])
    places = planned(MINE).set_index("key")["place"].to_dict()
    lay([ONE])
    with pytest.raises(ValueError, match="row 1 is no longer there"), fetched(places, {}):
        pass


def test_a_limit_reads_some_row_groups_and_never_more_rows_than_it_needs(monkeypatch):
    for number in range(3):
        lay([b"x"] * 400, f"{number}.parquet", group=4)
    part = {**MINE, "limit": 10}
    listing = source("parquet").listed({"": part})[""]
    assert isinstance(listing, ParquetRows)
    assert len(listing.digests()) == FEWEST * 4
    found = planned(part)
    assert len(found) == 10
    pd.testing.assert_frame_equal(found, planned(part))
    whole = ParquetRows("", listing.files, Columns("image", "caption"))
    assert len(whole.digests()) == 1200
    many = source("parquet").listed({"": {**part, "limit": 500}})[""]
    assert len(many.digests()) == 500
    assert set(planned({**part, "limit": 500}).index) < set(planned(MINE).index)


def test_rows_of_a_block_lie_in_one_shard():
    lay([b"x"] * 1000, group=50)
    outputs = [f"plan{number}.parquet" for number in range(4)]
    planned(MINE, 4)
    shards = [pd.read_parquet(output)["row"] // 100 for output in outputs]
    blocks = [set(rows) for rows in shards]
    assert sum(map(len, blocks)) == len(set().union(*blocks)) == 10
    assert all(rows.value_counts().eq(100).all() for rows in shards)


@pytest.mark.pipeline
def test_a_download_holds_few_rows_at_a_time():
    """One row group of 200 MB: what is held is a small part of it."""
    noise = np.random.default_rng(0).bytes(2_000_000)
    lay(pa.array([noise] * 100), group=1000, caption=["a"] * 100)
    planned(MINE)
    script = (
        "import resource, json, sys\n"
        "from mia.images.download.parquet_images import fetched\n"
        "import pandas as pd, datasets\n"
        "places = pd.read_parquet('plan0.parquet').set_index('key')['place'].to_dict()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with fetched(places, {}) as (results, contents):\n"
        "    count = sum(len(data) for _, data in contents)\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(json.dumps([count, after - before, 'torch' in sys.modules]))\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=ENV)
    count, held, torch = json.loads(found.stdout)
    assert count == 200_000_000
    assert held < 150_000, "KiB"
    assert not torch


ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "workflow")}
ROAD = """
import json, socket, sys
sys.path.insert(0, sys.argv[2])
if sys.argv[3] == "alone":
    def refuse(*arguments): raise AssertionError("a network was asked")
    socket.socket.connect = refuse
from image_road import road
found = road(json.loads(sys.argv[1]))
print(json.dumps({url: [row.status, row.caption, (row.data or b"").hex()]
                  for url, row in found.iterrows()}))
"""


def alone(spec: dict, network: str, **environment: str) -> dict:
    """Rows of a set in a process of its own, with an empty HF_HOME."""
    support = str(Path(__file__).parents[2] / "support")
    command = [sys.executable, "-c", ROAD, json.dumps(spec), support, network]
    names = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_CACHE")
    own = {name: value for name, value in ENV.items() if name not in names}
    own |= {"HF_HOME": str(Path("hf").absolute()), "NO_PROXY": "127.0.0.1", **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=own)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.pipeline
def test_files_here_ask_no_network_and_leave_no_cache():
    lay([ONE, None, TWO])
    found = alone(MINE, "alone")
    assert found["mine/t.parquet#2"] == ["success", "cat 2", TWO.hex()]
    assert not Path("hf").exists()


@pytest.mark.pipeline
def test_a_dataset_of_the_hub_is_read_by_the_bytes_that_are_needed():
    """100 row groups of 200 kB; the limit reads the footer, and what its rows lie in."""
    rng = np.random.default_rng(0)
    lay([rng.bytes(20_000) for _ in range(1000)], "train-00000-of-00001.parquet", group=10)
    hub = {"source": "parquet", "repo": REPO, "revision": REVISION, "path": "*.parquet"}
    with hub_of(Path("mine"), REPO, REVISION, "datasets") as (address, asked):
        found = alone({**hub, "limit": 5}, "hub", HF_ENDPOINT=address, HF_HUB_DISABLE_XET="1")
    assert len(found) == 5
    table = pq.read_table("mine/train-00000-of-00001.parquet").to_pylist()
    for url, (_, caption, data) in found.items():
        name, _, row = url.partition("#")
        assert name == f"hf://datasets/{REPO}@{REVISION}/train-00000-of-00001.parquet"
        assert caption == table[int(row)]["caption"]
        assert data == table[int(row)]["image"].hex()
    sent = sum(int(line.split()[0]) for line in asked if line.endswith(".parquet"))
    assert sent < Path("mine/train-00000-of-00001.parquet").stat().st_size / 2
    assert not list(Path("hf").rglob("*.parquet"))


def test_a_dataset_in_the_hubs_cache_is_read_from_there(monkeypatch, tmp_path):
    lay([ONE, TWO], "a-00000-of-00002.parquet")
    lay([TWO], "a-00001-of-00002.parquet")
    names = ["a-00000-of-00002.parquet", "a-00001-of-00002.parquet"]
    cache_dataset(tmp_path / "hub", REPO, REVISION, {n: Path("mine", n) for n in names})
    only_the_cache(monkeypatch, tmp_path / "hub")
    spec = {"source": "parquet", "repo": REPO, "revision": REVISION, "path": "a-*.parquet"}
    found = road(spec)
    assert found["data"].to_dict() == {
        f"hf://datasets/{REPO}@{REVISION}/{names[0]}#0": ONE,
        f"hf://datasets/{REPO}@{REVISION}/{names[0]}#1": TWO,
        f"hf://datasets/{REPO}@{REVISION}/{names[1]}#0": TWO,
    }
    assert source("parquet").counts({"": spec}) == {"": 3}
    assert source("parquet").given(spec) == ()


def test_a_cache_that_may_lack_a_file_is_refused(monkeypatch, tmp_path):
    lay([ONE], "a-00000-of-00002.parquet")
    name = "a-00000-of-00002.parquet"
    cache_dataset(tmp_path / "hub", REPO, REVISION, {name: Path("mine", name)})
    only_the_cache(monkeypatch, tmp_path / "hub")
    spec = {"source": "parquet", "repo": REPO, "revision": REVISION, "path": "a-*.parquet"}
    assert "list of files of hub dataset some/images" in refused(spec)
    assert source("parquet").counts({"": spec}) == {"": None}
    other = {**spec, "path": "b.parquet"}
    assert "b.parquet of hub dataset some/images at aaaa" in refused(other)
    assert planned({**spec, "path": name})["status"].tolist() == [""]


def test_an_edit_counts_where_a_limit_reads():
    """Without a limit every byte of a file counts; with one, those of its rows and its footer."""
    images = [noise_png(number, 8) for number in range(400)]
    lay(images, group=4)

    def seen(**keys) -> tuple[dict, list]:
        contents = Contents(Path("hashes.json"))
        spec = {**MINE, "shards": 2, **keys}
        return plan_contents(contents, spec), download_contents(contents, spec)

    limited, whole = seen(limit=10), seen()
    assert limited[0].keys() == {"mine/t.parquet"} and limited != whole
    listing = source("parquet").listed({"": {**MINE, "limit": 10}})[""]
    read = {group.number for _, group in listing._groups}
    unread = next(number for number in range(100) if number not in read)
    for group, heeded in ((min(read), True), (unread, False)):
        data = bytearray(Path("mine/t.parquet").read_bytes())
        about = pq.read_metadata("mine/t.parquet").row_group(group).column(0)
        data[about.data_page_offset + 60] ^= 1
        before = Path("mine/t.parquet").read_bytes()
        Path("mine/t.parquet").write_bytes(bytes(data))
        assert (seen(limit=10) != limited) == heeded
        assert seen() != whole
        Path("mine/t.parquet").write_bytes(before)
    assert seen(limit=10) == limited
