"""Shipped configs that need a GPU or the internet, planned against stand-ins in their formats."""

import hashlib
import json
import re
import shutil

import pandas as pd
import pytest
import yaml
from PIL import Image

from hub_cache import cache_dataset, cache_model
from mia import storage
from mia.config.read import read
from micro_experiment import PROJECT
from tiny_model import as_first_published
from workbench import Workbench

PICTURES = 12


def laid_out(folder, model, name: str) -> tuple[Workbench, dict]:
    """Put what `name` needs beside it: the hub's cache, a folder of images; nothing else changes.

    The tables' sha256 are the stand-ins', as no other file could have them; the CPU stands in for
    the GPU.
    """
    text = (PROJECT / "config" / name).read_text(encoding="utf-8")
    config = yaml.safe_load(text.replace("device: cuda", "device: cpu"))
    for spec in config["models"].values():
        if spec["source"] == "hub":
            first = as_first_published(shutil.copytree(model, folder / "published"))
            cache_model(folder / "hub", spec["repo"], spec["revision"], first)
    for number, spec in enumerate(config["image_sets"].values()):
        if spec["source"] == "folder":
            captioned(folder / spec["path"], folder / spec["captions"])
            continue
        files = {}
        for part in spec.get("parts", {"": spec}).values():
            path = folder / f"{number}-{len(files)}.parquet"
            table({**spec, **part}, path.stem).to_parquet(path)
            files[part["file"]] = path
            if "sha256" in part:
                part["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        cache_dataset(folder / "hub", spec["repo"], spec["revision"], files)
    (folder / name).write_text(yaml.safe_dump(config, sort_keys=False))
    return Workbench(folder, home=PROJECT), config


def table(spec: dict, stem: str) -> pd.DataFrame:
    """Columns as published: LAION-mi's two, or COCO's with a list of captions each."""
    urls = [f"http://example.org/{stem}/{number}.jpg" for number in range(PICTURES)]
    if "caption" not in spec:
        return pd.DataFrame({"url": urls, "caption": [f"print {n}" for n in range(PICTURES)]})
    captions = [[f"a cat {n}", f"another {n}"] for n in range(PICTURES)]
    return pd.DataFrame({spec["url"]: urls, spec["caption"]: captions, "license": 1})


def captioned(folder, captions) -> None:
    folder.mkdir(parents=True)
    names = [f"{number}.png" for number in range(PICTURES)]
    for number, name in enumerate(names):
        Image.new("RGB", (16, 16), (number, 0, 0)).save(folder / name)
    pd.DataFrame({"file": names, "caption": names}).to_csv(captions, index=False)


@pytest.mark.parametrize("name", ["laion-vs-coco.yaml", "fine-tuned.yaml"])
def test_a_shipped_config_is_planned_against_stand_ins(name, tiny_sd, tmp_path, monkeypatch):
    """All as a dry run, a job for each attack on each target; plans and base model for real."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    bench, config = laid_out(tmp_path, tiny_sd, name)
    experiment = read(config)
    text = bench.run("--configfile", str(tmp_path / name), "--dry-run", warm=False).done().text
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    scored = sum(len(experiment.attacks_of(target)) for target in config["targets"])
    assert counts["score"] == counts["evaluate"] == str(scored)
    assert counts["model"] == str(len(config["models"]))
    assert counts.get("train", "0") == str(len(config.get("training", {})))
    results = tmp_path / config["results"]
    plans = [
        f"{config['results']}/images/{image_set}/plan/{number:03d}.parquet"
        for image_set, spec in config["image_sets"].items()
        for number in range(spec["shards"])
    ]
    model = f"{config['results']}/models/sd14/model.json"
    bench.run(*plans, model, "--configfile", str(tmp_path / name), warm=False).done()
    for image_set, spec in config["image_sets"].items():
        paths = (results / "images" / image_set / "plan").glob("*.parquet")
        rows = pd.concat([storage.read(path) for path in paths])
        assert len(rows) == PICTURES * len(spec.get("parts", [""]))
        assert (rows["caption"] != "").all() and (rows["status"] == "").all()
    found = json.loads((tmp_path / model).read_text())
    assert found["revision"] == config["models"]["sd14"]["revision"]
