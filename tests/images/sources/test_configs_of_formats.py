"""What is wrong with an image set of one of the formats is said before anything runs."""

from pathlib import Path

import pandas as pd
import pytest

from mia.config.check_files import check_files
from mia.config.errors import ConfigError
from mia.config.read import read
from written_formats import FORMATS, Written, noise_png

REVISION = "a" * 40


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def config(**spec) -> dict:
    return {
        "results": "r",
        "image_sets": {"mine": spec, "other": {"source": "builtin", "limit": 9}},
        "models": {"m": {"source": "hub", "repo": "o/n", "revision": "0" * 40}},
        "targets": {"t": {"model": "m", "members": "mine", "nonmembers": "other"}},
        "attacks": {"loss": {}},
    }


def told(**spec) -> str:
    with pytest.raises(ConfigError) as caught:
        check_files(read(config(**spec)))
    return str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_a_set_that_is_there_passes(name):
    spec = FORMATS[name](Path("mine"), [Written("a.png", noise_png(1), "a cat", "http://a.org/1")])
    check_files(read(config(**spec, columns={"url": "url"})))
    assert "unknown key 'captoin'; did you mean 'caption'?" in told(
        **spec, columns={"captoin": "text"}
    )
    assert "image_sets.mine.url: not read for source" in told(**spec, url="link")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"source": "imagefolder", "path": "gone"}, "mine.path: gone: no such folder"),
        ({"source": "webdataset", "path": "gone.tar"}, "gone.tar: no such file; expected Tars th"),
        ({"source": "webdataset", "path": "empty"}, "mine.path: empty: a folder; expected Tars"),
        ({"source": "parquet", "path": "gone.parquet"}, "gone.parquet: no such file; expected Pa"),
        ({"source": "parquet", "path": "no/*.parquet"}, "no/*.parquet: no such file; expected"),
        ({"source": "parquet", "path": "t.parquet"}, "t.parquet: no column 'image'; found: jpg;"),
        ({"source": "webdataset"}, "image_sets.mine: missing key 'path' (source webdataset)"),
        (
            {"source": "parquet", "path": "*.parquet", "repo": "a/b"},
            "image_sets.mine: 'repo' without 'revision'; a dataset of the hub has both",
        ),
        (
            {"source": "parquet", "parts": {"x": {"path": "a", "revision": REVISION}}},
            "image_sets.mine.parts.x: 'revision' without 'repo'",
        ),
        ({"source": "folder", "path": "d", "columns": {"caption": "x"}}, "a captions table"),
        ({"source": "imagefolder", "path": "d"}, "d/metadata.jsonl: no column 'file_name', 'capt"),
    ],
)
def test_mistakes_are_named(spec, said):
    Path("empty").mkdir()
    Path("d").mkdir()
    Path("d/a.png").write_bytes(noise_png(1))
    Path("d/metadata.jsonl").write_text('{"file": "a.png"}\n')
    pd.DataFrame({"jpg": [b"x"]}).to_parquet("t.parquet")
    assert said in told(**spec)


def test_a_dataset_of_the_hub_is_no_file_here():
    check_files(
        read(config(source="parquet", repo="a/b", revision=REVISION, path="data/*.parquet"))
    )
