"""JSON Lines read as any table is: scores, labels, addresses, lists of what to leave out."""

import json

import numpy as np
import pytest

from mia.given.table import GivenTable
from mia.images.sources.shared import exclusion
from mia.images.sources.shared.counting import table_rows
from mia.images.sources.shared.url_table import UrlTable
from mia.targets import given_scores


def written(folder, *rows: dict):
    path = folder / "t.jsonl"
    path.write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-8-sig")
    return path


def test_scores_and_labels_are_numbers_and_truth_values(tmp_path):
    rows = [{"id": n, "member": n < 2, "loss": n / 2} for n in range(4)]
    found = given_scores.read(written(tmp_path, *rows))
    assert found["id"].tolist() == ["0", "1", "2", "3"]
    assert found["member"].tolist() == [True, True, False, False]
    assert found["loss"].tolist() == [0.0, 0.5, 1.0, 1.5]


def test_addresses_and_captions_are_texts(tmp_path):
    path = written(tmp_path, {"url": "http://a.org/1", "caption": "a"}, {"url": "http://a.org/2"})
    table = UrlTable("", GivenTable(path))
    rows = table.rows(np.arange(2))
    assert rows["url"].tolist() == ["http://a.org/1", "http://a.org/2"]
    assert rows["caption"].tolist() == ["a", ""]
    assert table_rows(path, None) == 2


def test_a_list_to_exclude_may_be_json_lines(tmp_path):
    found = exclusion.read(written(tmp_path, {"key": "0123456789abcdef"}))
    assert found.naming_row("0123456789abcdef", None, None)


def test_a_cell_that_is_no_text_names_line_and_column(tmp_path):
    path = written(
        tmp_path, {"url": "http://a.org/1", "caption": "a"}, {"url": 0.5, "caption": "b"}
    )
    with pytest.raises(ValueError, match=r"line 3: .url. holds 0\.5; expected an address"):
        UrlTable("", GivenTable(path)).digests()
