"""The same images in every format: the same rows, to the byte."""

import json
from pathlib import Path

import pandas as pd
import pytest

from image_road import planned, road
from mia.images.sources.shared.shelf import source
from mia.images.sources.shared.stage_keys import plan_settings
from written_formats import FORMATS, Written, imagefolder, noise_png

NAMED = {"columns": {"url": "url", "family": "family"}}
IMAGES = [
    Written(
        f"{number:03d}.png",
        noise_png(number),
        f"a cat, no “{number}”, asleep" if number % 5 else "",
        f"https://a.example/{number}.png",
        f"series {number // 3}" if number % 2 else "",
    )
    for number in range(24)
]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_all_formats_give_equal_rows():
    """Their addresses are their locators, so keys, shards and all that follows are equal."""
    found = {name: road(write(Path(name), IMAGES) | NAMED, 3) for name, write in FORMATS.items()}
    rows = {name: table.drop(columns=["row", "place"]) for name, table in found.items()}
    for name in FORMATS:
        pd.testing.assert_frame_equal(rows[name], rows["imagefolder"])
    image = rows["parquet"].loc["https://a.example/7.png"]
    assert image[["data", "caption", "family", "status"]].tolist() == [
        IMAGES[7].data,
        IMAGES[7].caption,
        "series 2",
        "success",
    ]
    assert rows["parquet"]["family"].notna().sum() == 12


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_metadata_of_each_kind_say_the_same(ending):
    found = road(imagefolder(Path("mine"), IMAGES, ending))
    captions = dict(zip(found.index, found["caption"], strict=True))
    assert captions == {
        f"mine/part{number % 2}/images/{image.name}": image.caption
        for number, image in enumerate(IMAGES)
    }
    assert set(found["status"]) == {"success"}


@pytest.mark.parametrize("name", FORMATS)
def test_keys_depend_on_no_limit_and_no_number_of_shards(name):
    spec = FORMATS[name](Path(name), IMAGES)
    whole = planned(spec)
    some = planned({**spec, "limit": 7}, 4)
    assert len(some) == 7
    pd.testing.assert_series_equal(some["key"].sort_index(), whole["key"][sorted(some.index)])
    assert some["key"].max() <= sorted(whole["key"])[6]
    pd.testing.assert_frame_equal(planned({**spec, "limit": 7}, 4), some)


@pytest.mark.parametrize("name", FORMATS)
def test_rows_are_counted_before_anything_runs(name):
    spec = FORMATS[name](Path(name), IMAGES)
    assert source(name).counts({"": spec, "gone": {**spec, "path": "nowhere"}}) == {
        "": 24,
        "gone": None,
    }


@pytest.mark.parametrize("name", FORMATS)
def test_other_captions_are_read_too(name, monkeypatch):
    fields = Written.fields.fget
    with_blip = property(lambda image: {**fields(image), "alt_blip": f"blip of {image.name}"})
    monkeypatch.setattr(Written, "fields", with_blip)
    spec = FORMATS[name](Path(name), IMAGES) | {"alternates": ["blip"], **NAMED}
    assert "alternates" in plan_settings(spec)
    other = planned(spec)["alternates"]["https://a.example/3.png"]
    assert json.loads(other) == {"blip": "blip of 003.png"}
