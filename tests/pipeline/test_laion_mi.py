"""The whole road of config/laion-mi.yaml, on a stand-in in the same formats."""

import json

import pandas as pd
import pytest
import yaml

import laion_mi
from mia import storage
from mia.config.attacks import build_attack
from mia.cost.signals import evals_together
from micro_experiment import PROJECT
from workbench import Workbench

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def road(tiny_sd, tmp_path_factory):
    """One run; nothing but the local cache and the loopback server can answer."""
    folder = tmp_path_factory.mktemp("laion-mi")
    bench = Workbench(folder, home=PROJECT)
    with laion_mi.stand_in(folder, tiny_sd) as config, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        (folder / "laion-mi.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        run = bench.run("--configfile", str(folder / "laion-mi.yaml")).done()
    return config, folder / "results", run


def test_every_row_of_the_tables_ends_with_a_status(road):
    _, results, _ = road
    manifest = storage.read(results / "images/laion_mi/manifest.parquet")
    assert manifest["part"].value_counts().to_dict() == {"member": 100, "nonmember": 100}
    counts = manifest.groupby("part")["status"].value_counts()
    assert counts["member", "success"] == 20 and counts["nonmember", "success"] == 25
    assert set(manifest["status"]) == {"success", "not_found", "forbidden", "not_an_image"}


def test_nonmembers_that_are_members_are_dropped(road):
    _, results, _ = road
    rows = storage.read(results / "targets/sd14-laion-mi/membership.parquet")
    dropped = rows[~rows["kept"]]
    assert dropped["reason"].str.contains("duplicate of member").sum() == 1
    assert rows[rows["kept"]]["member"].value_counts().to_dict() == {True: 20, False: 23}


def test_every_attack_has_its_number_at_the_promised_cost(road):
    config, results, run = road
    summary = pd.read_csv(results / "tables/summary.csv", index_col="attack")
    assert set(summary.index) == set(config["attacks"])
    assert summary["auc"].between(0, 1).all()
    attacks = [build_attack(name, row) for name, row in config["attacks"].items()]
    assert run.evals == (20 + 24) * evals_together(attacks)


def test_the_model_is_the_pinned_one(road):
    config, results, _ = road
    model = json.loads((results / "models/sd14/model.json").read_text())
    assert model["revision"] == config["models"]["sd14"]["revision"]
    assert model["folder"].endswith(f"CompVis--stable-diffusion-v1-4/snapshots/{model['revision']}")
    assert model["vae"]["scaling_factor"] == 0.18215
