"""`imagefolder`: metadata name the rows; what is wrong with them is said, with file and row."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from image_road import planned, refused, road
from mia import storage
from mia.config.contents import Contents
from mia.config.image_contents import download_contents, plan_contents
from mia.images.sources.shared.shelf import source
from written_formats import noise_png

MINE = {"source": "imagefolder", "path": "mine"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("a.png", "b.png", "deep/c.png")):
        path = Path("mine", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(noise_png(number))


def metadata(text: str, name: str = "metadata.csv") -> None:
    Path("mine", name).write_text(text, encoding="utf-8")


def test_metadata_name_the_rows_and_what_they_leave_out_is_counted():
    metadata("file_name,text\na.png,a cat\ndeep/c.png,a dog\ngone.png,a bird\n")
    Path("mine/broken.png").symlink_to("nowhere.png")
    found = road({**MINE, "columns": {"caption": "text"}})
    assert found["caption"].to_dict() == {
        "mine/a.png": "a cat",
        "mine/deep/c.png": "a dog",
        "mine/gone.png": "a bird",
    }
    assert found["status"].to_dict()["mine/gone.png"] == "missing_file"
    assert found["error"]["mine/gone.png"] == "the table names it, but there is no such file"
    about = storage.metadata("rows.parquet")["folders"][""]
    assert about["captions"] == "1 files of metadata"
    assert about["others"] == {
        ".csv, read as captions": 1,
        "image that no metadata name": 1,
        "link to nothing": 1,
    }


def test_a_folder_without_metadata_has_no_captions():
    assert planned(MINE)["caption"].tolist() == [""] * 3


def test_metadata_may_read_no_captions():
    metadata("file_name\na.png\n")
    assert planned({**MINE, "columns": {"caption": "none"}})["caption"].to_dict() == {
        "mine/a.png": ""
    }


BAD = {
    "no file_name": ("image,caption\na.png,x\n", "mine/metadata.csv: no column 'file_name'; found"),
    "no captions": ("file_name,text\na.png,x\n", "no column 'caption'; found: file_name, text"),
    "an empty name": ("file_name,caption\n ,x\n", "row 1: file_name is ' '; expected a file in"),
    "a file elsewhere": ("file_name,caption\n../x.png,x\n", "row 1: file_name is '../x.png'"),
    "an absolute path": ("file_name,caption\n/x.png,x\n", "row 1: file_name is '/x.png'"),
    "an address": ("file_name,caption\nfile://a/x.png,x\n", "file_name is 'file://a/x.png'"),
    "one file twice": ("file_name,caption\na.png,x\n./a.png,y\n", "both caption 'a.png'"),
    "nothing that is there": (
        "file_name,caption\nx.png,x\n",
        "mine: none of the 1 images that the metadata name is there",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_metadata_are_refused(case):
    text, said = BAD[case]
    metadata(text)
    assert said in refused(MINE)


def test_two_files_of_metadata_that_name_one_image_are_refused():
    metadata("file_name,caption\ndeep/c.png,x\n")
    metadata("file_name,caption\nc.png,y\n", "deep/metadata.csv")
    said = "rows 1 of deep/metadata.csv and 1 of metadata.csv both caption 'deep/c.png'"
    assert said in refused(MINE)


JSON = {
    "a list": (["one", "two"], "one"),
    "an integer": (7, "7"),
    "nothing": (None, ""),
    "an object": ({"en": "a cat"}, "line 1: 'caption' holds an object with the keys en"),
    "a truth value": (True, "line 1: 'caption' holds True; expected text"),
    "a number": (0.5, "line 1: 'caption' holds 0.5; expected text"),
    "a list of objects": ([{"a": 1}], "line 1: 'caption' holds an object with the keys a"),
}


@pytest.mark.parametrize("case", JSON)
def test_json_lines_follow_the_rules_of_cells(case):
    value, said = JSON[case]
    metadata(json.dumps({"file_name": "a.png", "caption": value}) + "\n", "metadata.jsonl")
    if ":" in said:
        assert said in refused(MINE)
    else:
        assert planned(MINE)["caption"].tolist() == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"file_name": "a.png"\n', "metadata.jsonl: line 1: no sound JSON"),
        ('["a.png"]\n', "line 1: ['a.png']; expected an object"),
        ('{"file_name": "a.png", "file_name": "b.png"}\n', "a key stands twice among file_name"),
        ("", "metadata.jsonl: no column 'file_name', 'caption'; found: none"),
    ],
)
def test_broken_json_lines_are_refused(text, said):
    metadata(text, "metadata.jsonl")
    found = refused(MINE)
    assert said in found or "metadata.jsonl: empty" in found


@pytest.mark.parametrize("kind", ["bytes", "lists", "structs", "truth values"])
def test_captions_of_other_types_are_taken_by_rule_or_refused(kind):
    captions = {
        "bytes": ["ä cat".encode()],
        "lists": [["ä cat", "other"]],
        "structs": [{"en": "ä cat"}],
        "truth values": [True],
    }[kind]
    table = pd.DataFrame({"file_name": ["a.png"], "caption": captions})
    table.to_parquet("mine/metadata.parquet")
    if kind in ("bytes", "lists"):
        assert planned(MINE)["caption"].tolist() == ["ä cat"]
    else:
        assert "mine/metadata.parquet: column 'caption' holds" in refused(MINE)


def test_a_folder_takes_the_same_metadata():
    """Of `folder`, the table says no rows: each image needs a row."""
    metadata("file_name,text\na.png,a cat\nb.png,a dog\ndeep/c.png,\n", "metadata.csv")
    spec = {"path": "mine", "columns": {"caption": "text"}}
    theirs = planned({"source": "imagefolder", **spec})
    shutil.move("mine/metadata.csv", "elsewhere.csv")
    ours = planned({"source": "folder", "captions": "elsewhere.csv", **spec})
    pd.testing.assert_frame_equal(ours, theirs)


def test_what_is_edited_is_planned_or_fetched_again():
    """With addresses, shards do not follow from paths: every shard's download depends on all."""
    metadata("file_name,caption,url\na.png,x,http://a.example/1\nb.png,y,http://a.example/2\n")

    def seen(spec: dict) -> tuple[dict, list]:
        contents = Contents(Path("hashes.json"))
        spec = {**spec, "shards": 4}
        return plan_contents(contents, spec), download_contents(contents, spec)

    addressed = {**MINE, "columns": {"url": "url"}}
    before, plain = seen(addressed), seen(MINE)
    Path("mine/a.png").write_bytes(noise_png(9))
    after = seen(addressed)
    assert after[0] == before[0]
    assert all(one != other for one, other in zip(before[1], after[1], strict=True))
    assert sum(one != other for one, other in zip(plain[1], seen(MINE)[1], strict=True)) == 1
    metadata("file_name,caption,url\na.png,z,http://a.example/1\nb.png,y,http://a.example/2\n")
    assert seen(addressed)[0] != before[0]
    assert source("imagefolder").addressed({"": addressed})
    assert not source("imagefolder").addressed({"": addressed, "other": MINE})
