"""Folders of images as people keep them: every file is a row or a counted kind, by any name."""

import csv
import io
import json
import os
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from mia import storage
from mia.evaluation.empty_captions import empty_captions
from mia.images import archive
from mia.images.download.files import read_files
from mia.images.sources.shared.picture_files import OPENED, UNSUPPORTED
from mia.images.sources.shared.stage_keys import download_settings
from mia.stages import download, manifest
from mia.stages import plan as stage
from mia.stages import rows as rows_stage

NFD = unicodedata.normalize("NFD", "größe.png")
ODD = ['"quoted" \'n.png', "line\nbreak.png", "-rf.png", "{abc}.png", " a  b .png", "$(x);&.png"]


def png(number: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number * 20 % 256, 0, number)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def lay(*names: str, content: bytes | None = None) -> None:
    for number, name in enumerate(names):
        path = Path("mine", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number) if content is None else content)


def planned(**spec) -> pd.DataFrame:
    """The plan of the folder `mine`, by name of file."""
    spec = {"source": "folder", "path": "mine", **spec}
    stage.main(["--name", "mine", "--settings", json.dumps(spec), "--output", "plan.parquet"])
    table = storage.read("plan.parquet")
    assert table["url"].str.startswith("mine/").all()
    return table.assign(file=table["url"].str.removeprefix("mine/")).set_index("file")


def refused(**spec) -> str:
    with pytest.raises(SystemExit) as caught:
        planned(**spec)
    return str(caught.value)


def about(part: str = "") -> dict:
    return storage.metadata("plan.parquet")["folders"][part]


def road(exclude: str | None = None) -> pd.DataFrame:
    """What becomes of the plan in the jobs that follow it, by name of file."""
    listed = [] if exclude is None else ["--exclude", exclude]
    spec = json.dumps(download_settings({"source": "folder"}))
    made = ["--pictures", "p.tar", "--downloads", "d.parquet"]
    download.main(["--plan", "plan.parquet", "--settings", spec, *listed, *made])
    opened = ["--plan", "plan.parquet", *made, "--settings", '{"pixel_limit": 1000}', *listed]
    rows_stage.main([*opened, "--output", "rows.parquet"])
    rule = {"duplicates": {"phash": 0, "rmse": 0, "mirror_rmse": 0, "linked_rmse": 0}, "seed": 0}
    argv = ["--name", "mine", "--rows", "rows.parquet", "--settings", json.dumps(rule), *listed]
    manifest.main([*argv, "--manifest", "manifest.parquet", "--pairs", "pairs.parquet"])
    table = storage.read("manifest.parquet")
    return table.assign(file=table["url"].str.removeprefix("mine/")).set_index("file")


def test_every_file_is_a_row_or_counted(tmp_path):
    lay("a.png", "deep/b.JPG", "c.jfif", "bytes-\udce9.png", "\udcff/d.png", "._a.png", "Thumbs.db")
    lay("e.HEIC", "f.cr2", "g.psd", "h.pdf", "deep/i.svg", "j.json", "LICENSE", "k.0001", "é.mp4")
    lay("bytes-\udce9.pdf", ".git/config")
    Path("elsewhere").mkdir()
    Path("elsewhere/l.png").write_bytes(png(99))
    Path("mine/linked").symlink_to("../elsewhere")
    Path("mine/deep/up").symlink_to("..")
    Path("mine/gone.webp").symlink_to("nowhere.webp")
    Path("mine/gone.json").symlink_to("nowhere.json")
    there = sum(len(files) for _, _, files in os.walk("mine", followlinks=False))
    there += 2  # the links to folders, of which one leads to an image and one nowhere new
    rows = planned()
    assert rows["status"].to_dict() == {
        **dict.fromkeys(["a.png", "deep/b.JPG", "c.jfif", "linked/l.png"], ""),
        **dict.fromkeys(["bytes-\\xe9.png", "\\xff/d.png"], "bad_name"),
        **dict.fromkeys(["e.HEIC", "f.cr2"], "unsupported"),
        "gone.webp": "missing_file",
    }
    others = about()["others"]
    assert others == {
        **dict.fromkeys([".psd", ".svg", ".json", ".mp4", "no ending", "other endings"], 1),
        ".pdf": 2,
        "._*": 1,
        ".*": 1,
        "Thumbs.db": 1,
        "link to a folder above or listed already": 1,
        "link to nothing": 1,
    }
    assert len(rows) + sum(others.values()) == there
    statuses = road()["status"]
    assert statuses[["a.png", "linked/l.png"]].tolist() == ["success", "success"]
    assert statuses.value_counts()[["bad_name", "unsupported", "missing_file"]].tolist() == [
        2,
        2,
        1,
    ]
    assert storage.metadata("manifest.parquet")["folders"][""]["others"] == others


def test_endings_are_of_one_kind_only():
    assert not OPENED & UNSUPPORTED and all(kind == kind.lower() for kind in OPENED | UNSUPPORTED)


@pytest.mark.parametrize("name", [*ODD, NFD, "ünï/🙂.png"])
def test_any_name_goes_the_whole_road(name):
    lay("other.png", name)
    with open("captions.csv", "w", newline="") as file:
        csv.writer(file).writerows([["file", "caption"], [name, "odd"], ["other.png", "plain"]])
    rows = planned(captions="captions.csv")
    assert rows["caption"].to_dict() == {name: "odd", "other.png": "plain"}
    kept = road()
    assert kept["status"].to_dict() == {name: "success", "other.png": "success"}
    with open("exclude.csv", "w", newline="") as file:
        csv.writer(file).writerows([["url"], [f"mine/{name}"]])
    left = road("exclude.csv")
    assert left["status"].to_dict() == {name: "excluded", "other.png": "success"}
    assert {key for key, _ in archive.contents(Path("p.tar"))} == {left["key"]["other.png"]}
    assert storage.metadata("manifest.parquet")["idle_entries"]["count"] == 0


@pytest.mark.parametrize(
    ("on_disk", "in_table"),
    [
        (NFD, unicodedata.normalize("NFC", NFD)),
        (unicodedata.normalize("NFC", NFD), NFD),
        ("a.png", "./a.png"),
        ("deep/a.png", "./deep//a.png"),
        (f"{NFD}/한.png", unicodedata.normalize("NFC", f"./{NFD}/한.png")),
    ],
)
def test_captions_name_files_in_any_spelling(on_disk, in_table):
    lay(on_disk)
    Path("captions.csv").write_text(f"file,caption\n{in_table},one\n")
    assert planned(captions="captions.csv")["caption"].to_dict() == {on_disk: "one"}
    with open("captions.csv", "a") as file:
        file.write(f"{on_disk},two\n")
    assert "rows 1 and 2 both caption" in refused(captions="captions.csv")


def test_captions_of_files_without_the_ending_of_a_picture(tmp_path):
    lay("0001", "b.bin", "c.heic")
    Path("captions.csv").write_text("file,caption\n0001,A\nb.bin,B\nc.heic,C\n")
    rows = planned(captions="captions.csv")
    assert rows["caption"].to_dict() == {"0001": "A", "b.bin": "B", "c.heic": "C"}
    assert rows["status"].to_dict() == {"0001": "", "b.bin": "", "c.heic": "unsupported"}
    assert road()["status"].tolist().count("success") == 2


def test_a_caption_of_a_hidden_file_says_why():
    lay("a.png", ".b.png")
    Path("captions.csv").write_text("file,caption\na.png,A\n.b.png,B\n")
    said = refused(captions="captions.csv")
    assert "row 2: no image '.b.png' in mine (names that begin with a dot are left out)" in said


@pytest.mark.parametrize("kind", [".txt", ".caption", ".TXT"])
def test_side_files_are_captions(kind, capsys):
    lay("a.png", "a.jpg", "deep/b.webp", NFD, "c.tar.png")
    for name, text in {
        "a": "one cat ",
        "deep/b": "\ufeffzwei\nZeilen\n",
        "größe": "",
        "c.tar": "x",
    }.items():
        Path("mine", f"{name}{kind}").write_text(text, encoding="utf-8")
    lay("README.txt", "deep/notes.json")
    rows = planned()
    assert rows["caption"].to_dict() == {
        "a.png": "one cat",
        "a.jpg": "one cat",
        "deep/b.webp": "zwei\nZeilen",
        NFD: "",
        "c.tar.png": "x",
    }
    lower = kind.lower()
    assert about()["captions"] == f"{lower} files"
    assert about()["others"] == {f"{lower}, read as captions": 4, ".json": 1, ".txt": 1}
    said = capsys.readouterr().err
    assert f"5 images, captions from {lower} files (1 of 5 empty, 1 of more than one line)" in said
    assert planned(captions=lower).equals(rows)
    assert set(planned(captions="none")["caption"]) == {""} and about()["captions"] is None


def test_a_folder_without_captions_says_so(capsys):
    lay("a.png", "b.png")
    lay("LICENSE.txt", "c.txt", content=b"no image")
    assert planned()["caption"].tolist() == ["", ""]
    assert "mine: 2 images, no captions: every caption is empty" in capsys.readouterr().err
    assert about() == {"captions": None, "others": {".txt": 2}}


SIDE_FILES = {
    "one is missing": (
        {"a.txt": b"A"},
        {},
        ["mine: no .txt file beside 2 of 3 images, first 'b.png'", "captions: none"],
    ),
    "none is there": (
        {},
        {"captions": ".tags"},
        ["mine: no .tags file beside 3 of 3 images, first 'a.png'"],
    ),
    "two kinds": (
        {"a.txt": b"A", "b.caption": b"B"},
        {},
        ["two kinds of side files, 'a.txt' and 'b.caption'", "`captions: .txt`"],
    ),
    "two for one image": ({"a.txt": b"A", "a.TXT": b"B"}, {}, ["'a.TXT'", "keep one"]),
    "Latin-1": (
        {"a.txt": b"caf\xe9", "b.txt": b"", "c.txt": b""},
        {},
        ["mine/a.txt: not a text in UTF-8"],
    ),
    "UTF-16": (
        {"a.txt": "A".encode("utf-16"), "b.txt": b"", "c.txt": b""},
        {},
        ["mine/a.txt: not a text in UTF-8"],
    ),
    "NUL": ({"a.txt": b"", "b.txt": b"b\0c", "c.txt": b""}, {}, ["mine/b.txt: a NUL"]),
    "alternates": ({}, {"alternates": ["blip"]}, ["mine: alternates", "`captions`, a CSV"]),
}


@pytest.mark.parametrize(("files", "spec", "said"), SIDE_FILES.values(), ids=SIDE_FILES)
def test_mistakes_of_side_files(files, spec, said):
    lay("a.png", "b.png", "c.png")
    for name, text in files.items():
        lay(name, content=text)
    message = refused(**spec)
    assert message.startswith("error: image_sets.mine: ")
    assert all(words in message for words in said), message


def test_parts_have_captions_of_their_own():
    lay("seen/a.png", "unseen/b.png")
    lay("seen/a.txt", content=b"A")
    parts = {"seen": {"path": "mine/seen"}, "unseen": {"path": "mine/unseen", "captions": "none"}}
    spec, shards = json.dumps({"source": "folder", "parts": parts}), ["0.parquet", "1.parquet"]
    stage.main(["--name", "m", "--settings", spec, "--output", *shards])
    for name in shards:
        assert storage.metadata(name)["folders"] == {
            "seen": {"captions": ".txt files", "others": {".txt, read as captions": 1}},
            "unseen": {"captions": None, "others": {}},
        }


def special(name):
    return lambda: (lay("a.png"), os.mkfifo(Path("mine", name)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: lay("a.heic", "b.pdf"), "no image in this folder; expected files ending in"),
        (lambda: lay("a.heic", "b.pdf", "c"), "found: 1 .heic, 1 .pdf, 1 no ending"),
        (special("b.png"), "mine/b.png: a FIFO; expected plain files"),
        (special("c.txt"), "mine/c.txt: a FIFO; expected plain files"),
        (lambda: lay(NFD, "größe.png"), "one name in two Unicode forms"),
    ],
)
def test_folders_that_are_refused(make, said):
    make()
    assert said in refused()


def test_what_becomes_of_files_after_the_plan():
    lay("a.png", "folder.png", "gone.png", "loop.png")
    planned()
    for name in ("folder.png", "gone.png", "loop.png"):
        Path("mine", name).unlink()
    Path("mine/folder.png").mkdir()
    Path("mine/loop.png").symlink_to("loop.png")
    assert road()["status"].to_dict() == {
        "a.png": "success",
        **dict.fromkeys(["folder.png", "gone.png", "loop.png"], "missing_file"),
    }


def test_a_file_that_cannot_be_read_is_a_row():
    results = dict.fromkeys("ab", ("success", ""))
    lay("a.png")
    read = read_files({"a": "mine/a.png", "b": "/proc/self/mem"}, results)
    assert [key for key, _ in read] == ["a"]
    assert results["a"] == ("success", "") and results["b"][0] == "unreadable_file"
    assert "/proc/self/mem" in results["b"][1]


@pytest.mark.parametrize(
    ("captions", "said"),
    [
        (["a", "b", "c", "d"], None),
        (["a", " ", "c", ""], "Without a caption: 1 of 2 members and 1 of 2 nonmembers."),
        (["a", "b", "", None], "Without a caption: 0 of 2 members and 2 of 2 nonmembers."),
        (["", "", "", ""], "Without a caption: 2 of 2 members and 2 of 2 nonmembers."),
    ],
)
def test_the_report_remarks_on_pictures_without_captions(captions, said):
    table = pd.DataFrame({"part": list("mmnnm"), "caption": [*captions, ""]})
    table["status"] = ["success"] * 4 + ["truncated"]
    sides = {"members": {"set": "s", "parts": ["m"]}, "nonmembers": {"set": "s", "parts": ["n"]}}
    found = empty_captions({"s": table}, sides)
    assert [remark.partition(" Attacks")[0] for remark in found] == ([said] if said else [])
    assert any("tells the sides apart" in remark for remark in found) == (
        captions[2:] == ["", None]
    )
    # Of a model that is told nothing, no attack reads a caption; baselines still see who has one.
    untold = empty_captions({"s": table}, sides, told=False)
    apart = f"{said} Having one or not tells the sides apart without the model."
    assert untold == ([apart] if captions[2:] == ["", None] else [])
