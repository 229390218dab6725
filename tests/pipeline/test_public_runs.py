"""The whole road of two configs of public targets, on stand-ins in the same formats."""

import json

import pandas as pd
import pytest
import yaml

import public_targets
from laion_mi import Pictures
from mia import storage
from mia.config.read import read
from mia.cost.signals import evals_together
from mia.images.download import loopback
from micro_experiment import PROJECT
from workbench import Workbench

pytestmark = pytest.mark.slow


def run(folder, name, address):
    config = public_targets.lay_out(folder, name, address)
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        done = Workbench(folder, home=PROJECT).run("--configfile", str(file)).done()
    results = folder / config["results"]
    return config, results, done, pd.read_csv(results / "tables/summary.csv")


@pytest.fixture(scope="module")
def dit(tmp_path_factory):
    return run(tmp_path_factory.mktemp("dit"), "dit-imagenet", "")


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory):
    with loopback.serving(Pictures) as address:
        return run(tmp_path_factory.mktemp("sdxl"), "sdxl-commoncanvas", address)


def test_dit_asks_under_classes_at_the_promised_cost(dit):
    config, results, done, summary = dit
    assert set(summary["attack"]) == set(config["attacks"])
    assert summary["auc"].between(0, 1).all()
    attacks = read(config).attacks_under("class").values()
    assert done.evals == 2 * public_targets.EACH * evals_together(attacks)
    model = json.loads((results / "models/dit/model.json").read_text())
    assert model["preparation"] == "adm" and model["class_count"] == 1000


def test_sdxl_scores_three_targets_on_the_images_of_the_published_bytes(sdxl):
    config, results, _, summary = sdxl
    rows = storage.read(results / "images/common_catalog/manifest.parquet")
    counts = rows.groupby("part")["status"].value_counts()
    assert counts["by", "success"] == 19 and counts["by_nc", "success"] == 21
    assert counts["by", "changed"] == counts["by_nc", "changed"] == 1
    for target in config["targets"]:
        found = summary[summary["target"] == target]
        assert set(found["attack"]) == set(config["attacks"])
        assert found["auc"].between(0, 1).all()


def test_own_sizes_change_what_sdxl_answers_and_nothing_else(sdxl):
    _, results, _, _ = sdxl
    scores = {
        target: {
            attack: storage.read(results / f"scores/{target}/{attack}.parquet")
            .set_index("image_id")["score"]
            .sort_index()
            for attack in ("loss", "blind_metadata")
        }
        for target in ("constant-sizes", "own-sizes")
    }
    constant, own = scores["constant-sizes"], scores["own-sizes"]
    assert own["blind_metadata"].equals(constant["blind_metadata"])
    assert own["loss"].index.equals(constant["loss"].index)
    assert (own["loss"] != constant["loss"]).all()
