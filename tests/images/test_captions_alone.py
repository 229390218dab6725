"""Image sets of source `captions`: rows without images, duplicates by address alone."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from mia import storage
from mia.given.table import GivenTable
from mia.images.duplicates.pairs import matches
from mia.images.manifest import build
from mia.images.sources.captions import caption_table
from mia.images.sources.shared.shelf import source
from mia.images.sources.shared.stage_keys import download_settings, plan_settings
from mia.stages import download, manifest, plan, rows

SPEC = {"source": "captions", "path": "words.csv", "address": "link", "shards": 2}
RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05, "linked_rmse": 0}
WORDS = [
    ("http://a.org/1.jpg", "a red cat"),
    ("http://a.org/2.jpg", "a blue dog"),
    ("HTTP://A.org/1.jpg", "the same image"),
    ("", "no address"),
    ("not an address", "a broken address"),
]


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame(WORDS, columns=["link", "caption"]).to_csv("words.csv", index=False)
    return tmp_path


def made(spec=SPEC, name: str = "words") -> pd.DataFrame:
    """The manifest that the stages make, from the table on."""
    plans = ["000.parquet", "001.parquet"]
    planned = json.dumps(plan_settings(spec))
    plan.main(["--name", name, "--settings", planned, "--output", *plans])
    shards = []
    for path in plans:
        stem = path.removesuffix(".parquet")
        files = ("--pictures", f"{stem}.tar", "--downloads", f"{stem}-d.parquet")
        settings = json.dumps(download_settings(spec))
        download.main(["--plan", path, "--settings", settings, *files])
        told = json.dumps({"pixel_limit": 100, "captions_of": name})
        shards.append(f"{stem}-r.parquet")
        rows.main(["--plan", path, *files, "--settings", told, "--output", shards[-1]])
    settings = json.dumps({"duplicates": RULE, "seed": 0})
    output = ("--manifest", "m.parquet", "--pairs", "p.parquet")
    manifest.main(["--name", name, "--rows", *shards, "--settings", settings, *output])
    return storage.read("m.parquet")


def test_every_row_is_there_without_an_image_and_one_address_is_one_image(table):
    found = made().set_index("caption")
    assert (found["status"] == "success").all() and len(found) == len(WORDS)
    assert found["phash"].isna().all() and found["bytes"].isna().all()
    kept = found["kept"].to_dict()
    assert kept.pop("a red cat") + kept.pop("the same image") == 1 and all(kept.values())
    assert found.loc["a red cat", "image_id"] == found.loc["the same image", "image_id"]
    assert found.loc["no address", "url"] in (None, "")
    assert not storage.read("p.parquet").query("kind == 'near'").size


def test_rows_without_addresses_are_like_no_other_in_any_set(table):
    spec = {**SPEC, "path": "bare.csv"}
    del spec["address"]
    pd.DataFrame({"caption": ["a cat"] * 4}).to_csv("bare.csv", index=False)
    one, other = made(spec, "one"), made(spec, "other")
    ids = pd.concat([one["image_id"], other["image_id"]])
    assert len(one) == 4 and one["kept"].all() and ids.is_unique
    assert matches(one, other, RULE).empty


def test_an_address_on_both_sides_is_a_duplicate_across_them(table):
    one = made()
    found = matches(one, one.iloc[:2], RULE)
    assert {*found["kind"]} == {"exact"} and len(found) >= 2
    assert (found["a"].map(one["image_id"]) == found["b"].map(one["image_id"])).all()


def test_captions_against_images_are_no_duplicates(table):
    words = made()
    images = pd.DataFrame({"image_id": ["x"], "phash": ["0" * 16]})
    assert matches(words, images, RULE).empty and matches(images, words, RULE).empty


def test_a_split_deals_captions_too(table):
    pd.DataFrame({"caption": [f"cat {n}" for n in range(12)]}).to_csv("words.csv", index=False)
    spec = {key: value for key, value in SPEC.items() if key != "address"}
    made(spec)
    shards = pd.concat(storage.read(f"{n:03d}-r.parquet") for n in range(2))
    told = {"duplicates": RULE, "seed": 0, "split": {"a": 6, "b": 4}}
    found, _ = build(shards.sort_values("key", ignore_index=True), told)
    assert found["part"].value_counts().to_dict() == {"a": 6, "b": 4, "rest": 2}


def test_addresses_are_known_where_every_part_names_them():
    kind = source("captions")
    assert kind.addressed({"": SPEC}) and not kind.addressed({"a": SPEC, "b": {"path": "b.csv"}})


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"caption": "text"}, "words.csv: no column 'text'; found: link, caption"),
        ({"address": "url"}, "words.csv: no column 'url'; found: link, caption"),
    ],
)
def test_a_column_that_is_not_there_is_named(spec, said, table):
    with pytest.raises(ValueError, match=said):
        caption_table(GivenTable("words.csv"), spec)


def test_a_table_without_rows_is_refused(table):
    (table / "words.csv").write_text("caption\n")
    with pytest.raises(ValueError, match=r"words.csv: no rows; expected one caption per row"):
        caption_table(GivenTable("words.csv"), {}).digests()
