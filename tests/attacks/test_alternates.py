"""Other captions on their way from the user's table to the measuring job."""

import numpy as np
import pandas as pd
import pytest

from mia.config.errors import ConfigError
from mia.config.read import read
from mia.given.folder_files import FolderFiles
from mia.given.table import GivenTable
from mia.images.sources.folder import read_captions
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.folder_captions import from_table
from mia.images.sources.shared.folder_rows import folder_rows
from mia.images.sources.shared.url_table import UrlTable
from mia.measuring.shard import captions_of

TABLE = pd.DataFrame(
    {"file": ["a.png", "b.png"], "caption": ["a cat", ""], "alt_blip": ["a pet", "a dog"]}
)
FILES = ("a.png", "b.png")


def test_a_column_of_the_captions_file_becomes_a_condition():
    read = Columns("file", "caption", alternates=("blip",))
    captions = from_table(TABLE, set(FILES), "p", "captions.csv", read)
    rows, _ = folder_rows("", "p", FolderFiles(FILES, (), (), {}), captions)
    captions = captions_of(rows.assign(image_id=["i0", "i1"]))
    assert captions["caption"].tolist() == ["a cat", ""]
    assert captions["alt-blip"].tolist() == ["a pet", "a dog"]


def test_a_column_of_a_table_of_addresses_does_too(tmp_path):
    TABLE.rename(columns={"file": "url"}).to_csv(tmp_path / "urls.csv")
    table = UrlTable("", GivenTable(tmp_path / "urls.csv"), alternates=("blip",))
    rows = table.rows(np.arange(2))
    assert captions_of(rows.assign(image_id=["i0", "i1"]))["alt-blip"].tolist() == [
        "a pet",
        "a dog",
    ]


def test_a_missing_column_is_named(tmp_path):
    TABLE.to_csv(tmp_path / "captions.csv")
    said = r"captions.csv: no column 'alt_llava'; found: .*file, caption, alt_blip"
    with pytest.raises(ValueError, match=said):
        read_captions(str(tmp_path / "captions.csv"), {"alternates": ["llava"]})


def config(alternates) -> dict:
    return {
        "results": "r",
        "image_sets": {
            "mine": {"source": "folder", "parts": {"a": {"path": "a"}, "b": {"path": "b"}}}
            | ({"captions": "c.csv", "alternates": alternates} if alternates else {})
        },
        "models": {"m": {"source": "hub", "repo": "o/n", "revision": "0" * 40}},
        "targets": {"t": {"model": "m", "members": "mine:a", "nonmembers": "mine:b"}},
        "attacks": {"pia": {"condition": "alt-blip"}},
    }


def test_an_attack_may_only_read_captions_that_are_declared():
    read(config(["blip"]))
    with pytest.raises(ConfigError, match=r"attacks.pia: condition 'alt-blip': .*no alternates"):
        read(config(None))
