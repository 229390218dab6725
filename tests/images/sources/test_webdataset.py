"""`webdataset`: samples of tars, and the rows of img2dataset's Parquet beside them."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from image_road import planned, refused, road
from mia.images.download import loopback
from mia.images.sources.shared.shelf import source
from mia.stages.download import fetch
from written_formats import noise_png, tar

MINE = {"source": "webdataset", "path": "mine"}
ONE, TWO = noise_png(1), noise_png(2)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def lay(*members: tuple[str, bytes | str], name: str = "0.tar") -> None:
    tar(Path("mine", name), [(n, d.encode() if isinstance(d, str) else d) for n, d in members])


def test_samples_of_several_tars_are_rows_with_their_bytes():
    lay(("x/a.png", ONE), ("x/a.txt", " a cat\n"), ("._a.png", b"-"), ("README", b"-"))
    lay(("x/a.png", TWO), ("x/a.txt", "a dog"), ("b.txt", "no image"), name="deep/1.tar")
    found = road(MINE)
    assert found["caption"].to_dict() == {
        "mine/0.tar#x/a": "a cat",
        "mine/deep/1.tar#x/a": "a dog",
        "mine/deep/1.tar#b": "no image",
    }
    assert found["data"]["mine/0.tar#x/a"] == ONE
    assert found["data"]["mine/deep/1.tar#x/a"] == TWO
    assert found["status"]["mine/deep/1.tar#b"] == "no_image"
    assert source("webdataset").counts({"": MINE}) == {"": 3}


def test_a_pattern_or_one_tar_names_them_too():
    lay(("a.png", ONE))
    lay(("b.png", TWO), name="[1].tar")
    assert planned({**MINE, "path": "mine/*0.tar"}).index.tolist() == ["mine/0.tar#a"]
    assert planned({**MINE, "path": "mine/[1].tar"}).index.tolist() == ["mine/[1].tar#b"]


def test_captions_are_fields_of_json_where_there_is_no_txt():
    lay(("a.png", ONE), ("a.json", '{"caption": ["a cat", "a pet"], "alt": 5}'))
    assert planned(MINE)["caption"].tolist() == ["a cat"]
    named = {**MINE, "columns": {"caption": "alt"}}
    assert planned(named)["caption"].tolist() == ["5"]


def test_a_tar_without_captions_has_empty_ones(capsys):
    lay(("a.png", ONE), ("a.json", '{"other": 1}'))
    assert planned(MINE)["caption"].tolist() == [""]
    assert "no captions" in capsys.readouterr().err


BAD = {
    "one sample lacks its caption": (
        [("a.png", ONE), ("a.txt", "a"), ("b.png", TWO), ("b.json", "{}")],
        "mine/0.tar: 'b': no .txt beside its image; found: .png, .json",
    ),
    "one sample lacks its field": (
        [("a.png", ONE), ("a.json", '{"caption": "a"}'), ("b.png", TWO), ("b.json", '{"no": 1}')],
        "mine/0.tar: 'b': no field 'caption' in .json; found: no",
    ),
    "two images of one key": (
        [("a.png", ONE), ("a.jpg", TWO)],
        "mine/0.tar: 2 images of one key, 'a': png, jpg; expected one, or `columns: {image: png}`",
    ),
    "one member twice": (
        [("a.png", ONE), ("b.png", TWO), ("a.png", TWO)],
        "mine/0.tar: two images of one key: 'a.png'; expected one",
    ),
    "a caption that is no text": (
        [("a.png", ONE), ("a.txt", b"\xff\xfe")],
        "mine/0.tar: 'a'.txt: not a text in UTF-8",
    ),
    "a caption that is an object": (
        [("a.png", ONE), ("a.json", '{"caption": {"en": "a"}}')],
        "mine/0.tar: 'a'.json: 'caption' holds an object with the keys en; expected text",
    ),
    "a caption that is a number": (
        [("a.png", ONE), ("a.json", '{"caption": 0.5}')],
        "'caption' holds 0.5; expected text",
    ),
    "broken JSON": ([("a.png", ONE), ("a.json", "{")], "mine/0.tar: 'a'.json: no sound JSON"),
    "no sample": ([("README", b"-")], "no sample; expected one image per key"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tars_are_refused(case):
    members, said = BAD[case]
    lay(*members)
    assert said in refused(MINE)


def test_what_is_no_tar_is_refused():
    Path("mine").mkdir()
    assert "mine: expected a file, a folder of such files, or a pattern" in refused(MINE)
    Path("mine/0.tar").write_bytes(b"\x1f\x8b not a tar" * 100)
    assert "mine/0.tar: no sound tar" in refused(MINE)


def test_an_ending_tells_several_images_of_a_key_apart():
    lay(("a.input.png", ONE), ("a.output.png", TWO))
    found = road({**MINE, "columns": {"image": "output.png"}})
    assert found["data"].tolist() == [TWO]


def test_captions_may_be_left_unread():
    lay(("a.png", ONE), ("a.txt", "a"), ("b.png", TWO))
    assert planned({**MINE, "columns": {"caption": "none"}})["caption"].tolist() == ["", ""]


def test_a_tar_that_was_cut_after_the_plan_is_a_row_that_says_so():
    lay(("a.png", ONE), ("b.png", TWO))
    planned(MINE)
    whole = Path("mine/0.tar").read_bytes()
    Path("mine/0.tar").write_bytes(whole[: 512 + 1024 + 512 + 100])
    spec = {"fetched_by": "mia.images.download.tar_images"}
    fetch(Path("plan0.parquet"), spec, Path("p.tar"), Path("d.parquet"))
    statuses = pd.read_parquet("d.parquet")["status"]
    assert "unreadable_file" in set(statuses)


IMG2DATASET = (
    "from img2dataset import download as d; import json, sys; d(**json.loads(sys.argv[1]))"
)
OPTIONS = {
    "url_list": "urls.parquet",
    "input_format": "parquet",
    "caption_col": "caption",
    "output_format": "webdataset",
    "output_folder": "mine",
    "processes_count": 1,
    "thread_count": 2,
    "encode_format": "png",
    "encode_quality": 9,
    "resize_mode": "no",
}


@pytest.mark.pipeline
def test_what_img2dataset_wrote_keeps_its_statuses_and_is_not_fetched_again():
    """Its own program writes tars and Parquet; then its server is gone."""
    for name, data in (("a.png", ONE), ("b.png", TWO), ("page.png", b"<html>sorry")):
        Path(name).write_bytes(data)
    with loopback.served(".") as address:
        urls = [f"{address}/{name}" for name in ("a.png", "b.png", "page.png", "gone.png")]
        pd.DataFrame({"url": urls, "caption": ["a", None, "c", "d"]}).to_parquet("urls.parquet")
        command = [sys.executable, "-c", IMG2DATASET, json.dumps(OPTIONS)]
        subprocess.run(command, check=True, capture_output=True)
    found = road({**MINE, "columns": {"url": "url"}})
    by_name = found.set_axis(found.index.str.rsplit("/").str[-1])
    assert by_name["status"].to_dict() == {
        "a.png": "success",
        "b.png": "success",
        "page.png": "not_an_image",
        "gone.png": "not_found",
    }
    failed = "img2dataset: failed_to_download: HTTP Error 404"
    assert by_name["error"]["gone.png"].startswith(failed)
    captions = {"a.png": "a", "b.png": "", "page.png": "c", "gone.png": "d"}
    assert by_name["caption"].to_dict() == captions
    assert planned(MINE).index.str.startswith("mine/00000.tar#").all()


def beside(rows: list[dict], name: str = "0.parquet") -> None:
    pd.DataFrame(rows).to_parquet(Path("mine", name))


def test_a_success_without_its_image_is_a_row_that_says_so():
    lay(("00.png", ONE))
    row = {"status": "success", "error_message": None, "caption": "a"}
    beside([{"key": "01", **row}, {"key": "00", **row}])
    found = road(MINE)
    assert found["status"].to_dict() == {
        "mine/0.tar#00": "success",
        "mine/0.tar#01": "missing_file",
    }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"key": "00", "caption": "a"}], "mine/0.parquet: no column 'status', 'error_message'"),
        ([{"key": "00", "status": "success", "error_message": ""}], "no column 'caption'; found:"),
        (
            [{"key": "00", "status": "success", "error_message": "", "caption": ""}] * 2,
            "mine/0.parquet: key '00' is empty or stands twice",
        ),
    ],
)
def test_a_bad_table_beside_a_tar_is_refused(rows, said):
    lay(("00.png", ONE))
    beside(rows)
    assert said in refused(MINE)


def test_an_unfinished_folder_of_img2dataset_is_refused():
    lay(("00.png", ONE))
    lay(("01.png", TWO), name="1.tar")
    beside([{"key": "00", "status": "success", "error_message": "", "caption": ""}])
    assert "mine/1.tar: no Parquet beside it, and others have one" in refused(MINE)
    Path("mine/1.tar").rename("mine/1.tar_tmp")
    beside([{"key": "00"}], "1.parquet")
    assert "mine/1.parquet: no tar beside it" in refused(MINE)
