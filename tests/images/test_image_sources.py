"""Every kind of image source keeps the contract; a new one is one file, as its page says."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from example_page import block
from mia.config.source_keys import source_keys
from mia.images.sources.shared.contract import Key, Source
from mia.images.sources.shared.shelf import known_sources, source
from mia.images.sources.shared.stage_keys import download_settings, plan_settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "add_an_image_source.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", known_sources())
def test_a_source_keeps_the_contract(name):
    found = source(name)
    assert Source in type(found).__mro__
    assert found.about and not found.about.endswith(".")
    assert all(isinstance(key, Key) and key.about.endswith(".") for key in found.keys.values())
    assert all(found.keys[key].in_parts and found.keys[key].planned for key in found.needed)
    assert callable(importlib.import_module(found.fetched_by).fetched)
    assert all(path.is_file() for path in found.package_files)


@pytest.mark.parametrize("name", known_sources())
def test_a_key_that_no_stage_is_told_of_is_none(name):
    """Each is planned, fetched or both; no stage is told of another's."""
    keys = source(name).keys
    spec = {"source": name, "limit": 1, "parts": {}, "shards": 3, **dict.fromkeys(keys, 0)}
    planned, fetched = plan_settings(spec), download_settings(spec)
    assert keys.keys() <= planned.keys() | fetched.keys()
    assert {key for key in planned if key not in keys} == {"source", "limit", "parts"}
    assert {key for key in fetched if key not in keys} == {"fetched_by"}


def test_a_key_of_two_sources_has_one_form():
    assert {*source_keys()["path"]} == {
        *("captions", "folder", "imagefolder", "parquet", "urls", "webdataset")
    }


TRY = """
import json, sys, yaml
from pathlib import Path
from mia import storage
from mia.config.contents import Contents
from mia.config.errors import ConfigError
from mia.config.image_contents import download_contents, plan_contents
from mia.config.read import read
from mia.images.sources.shared.stage_keys import download_settings, plan_settings
from mia.stages import download, plan

config = yaml.safe_load(open("config/tiny.yaml"))
config["image_sets"] |= yaml.safe_load(sys.argv[1])["image_sets"]
spec = read(config).config["image_sets"]["mine"]
def refused(**keys):
    try:
        read({**config, "image_sets": {**config["image_sets"], "mine": {**spec, **keys}}})
    except ConfigError as error:
        return str(error)
planned = json.dumps(plan_settings(spec))
plan.main(["--name", "mine", "--settings", planned, "--output", "p.parquet"])
settings = json.dumps(download_settings(spec))
download.main(["--plan", "p.parquet", "--settings", settings, "--pictures", "p.tar",
               "--downloads", "d.parquet"])
rows = storage.read("p.parquet")
contents = Contents(Path("hashes.json"))
print(json.dumps({
    "rows": rows[["part", "row", "url", "caption", "status"]].values.tolist(),
    "statuses": storage.read("d.parquet")["status"].tolist(),
    "refused": refused(lists="x"), "idle": refused(url="x"),
    "given": [plan_contents(contents, spec), download_contents(contents, spec)]}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    for name in ("workflow", "config"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = re.search(r"`(workflow/mia/images/sources/\w+\.py)`", PAGE)[1]
    assert not (ROOT / path).exists(), "the page adds a source that is there already"
    (folder / path).write_text(block(PAGE, "python"), encoding="utf-8")
    return folder


def test_a_new_source_is_one_file(tree):
    for number, part in enumerate(("seen", "unseen")):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tree / f"{part}.png")
        (tree / f"{part}.txt").write_text(f"{part}.png\tan image\nnowhere.png\t\n")
    environment = {**os.environ, "PYTHONPATH": str(tree / "workflow")}
    command = [sys.executable, "-c", TRY, block(PAGE, "yaml")]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert sorted(found["rows"]) == [
        ["seen", 0, "seen.png", "an image", ""],
        ["seen", 1, "nowhere.png", "", ""],
        ["unseen", 0, "unseen.png", "an image", ""],
        ["unseen", 1, "nowhere.png", "", ""],
    ]
    assert sorted(found["statuses"]) == ["missing_file"] * 2 + ["success"] * 2
    assert "image_sets.mine: unknown key 'lists'; did you mean 'list'?" in found["refused"]
    assert "image_sets.mine.url: not read for source lines, only for hub or urls" in found["idle"]
    assert found["given"] == [{}, [{}]]
