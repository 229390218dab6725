"""Configs of public targets and of one's own models, planned against stand-ins in their formats."""

import json
import re

import pandas as pd
import pytest
import yaml

import public_targets
from mia import storage
from mia.config.read import read
from micro_experiment import PROJECT
from workbench import Workbench

RUN = {"dit-imagenet", "sdxl-commoncanvas"}  # by tests/pipeline/test_public_runs.py


@pytest.mark.parametrize("name", [name for name in public_targets.FAMILIES if name not in RUN])
def test_a_config_of_a_public_target_is_planned(name, tmp_path, monkeypatch):
    """All as a dry run, a job for each attack on each target; plans and models for real."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = public_targets.lay_out(tmp_path, name)
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    bench, experiment = Workbench(tmp_path, home=PROJECT), read(config)
    text = bench.run("--configfile", str(file), "--dry-run").done().text
    counts = dict(re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE))
    scored = [len(experiment.attacks_of(target)) for target in config["targets"]]
    assert counts["score"] == counts["evaluate"] == str(sum(scored))
    assert counts["model"] == str(len(config["models"]))
    referred = [bool(target.get("control")) for target in config["targets"].values()]
    lacking = [len(config["attacks"]) - count for count in scored]
    assert lacking == [int("loss_ratio" in config["attacks"] and not has) for has in referred]

    results = config["results"]
    plans = {name: f"{results}/images/{name}/plan/000.parquet" for name in config["image_sets"]}
    models = {name: f"{results}/models/{name}/model.json" for name in config["models"]}
    wanted = [*plans.values(), *models.values()]
    bench.run(*wanted, "--configfile", str(file)).done()
    for image_set, spec in config["image_sets"].items():
        rows = pd.DataFrame(storage.read(tmp_path / plans[image_set]))
        assert rows["part"].value_counts().nunique() == 1
        assert set(rows["part"]) == set(spec["parts"])
        assert (rows["status"] == "").all()
        assert (rows["caption"] == "").all() == (spec.get("captions") == "none")
    for model, spec in config["models"].items():
        found = json.loads((tmp_path / models[model]).read_text())
        assert found.get("revision") == spec.get("revision")
        assert ("lora" in spec) == bool(found.get("lora"))


def test_pins_are_of_commits():
    """No revision is a stand-in for one."""
    for name in public_targets.FAMILIES:
        text = (PROJECT / f"config/{name}.yaml").read_text(encoding="utf-8")
        for revision in re.findall(r"revision: (\w+)", text):
            assert re.fullmatch("[0-9a-f]{40}", revision) and len(set(revision)) > 8
