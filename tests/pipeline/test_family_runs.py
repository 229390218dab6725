"""Every model family from a folder to a table, in one run of Snakemake."""

import csv

import pytest
import torch

from mia.models.families import families, module_of
from tiny_families import tiny, variants

# Name of a model to family and variant: each family's own, and the other objectives of SDXL's kind.
MODELS = {name: (name, "plain") for name in families()}
MODELS |= {
    f"sdxl_{variant}": ("stable_diffusion_xl", variant)
    for variant in ("v_prediction", "edm", "edm_v_prediction")
}
ATTACKS = {"loss": {"draws": 1}, "clid_null": {"timesteps": [450]}}


def numbered(folder):
    """Give each image a class in place of its caption."""
    for part in ("member", "nonmember"):
        rows = list(csv.reader((folder / f"data/{part}.csv").open()))
        lines = ["file,caption", *(f"{name},{i % 3}" for i, (name, _) in enumerate(rows[1:]))]
        (folder / f"data/{part}-classes.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def bench(finished_run):
    bench = finished_run.copy()
    numbered(bench.folder)
    for name, (family, variant) in MODELS.items():
        torch.manual_seed(0)
        variants(family)[variant](bench.folder / "models" / name)

    def change(config):
        of_sets = config["image_sets"]
        mine = of_sets["mine"] = {**of_sets["mine"], "shards": 1}
        parts = {
            part: {**spec, "captions": spec["captions"].replace(".csv", "-classes.csv")}
            for part, spec in mine["parts"].items()
        }
        of_sets["classes"] = {**mine, "parts": parts}
        config["models"] = {name: model(name) for name in MODELS}
        config["targets"] = {name: target(name) for name in MODELS}
        config["attacks"] = ATTACKS
        config["measure"]["repeats"] = 1

    bench.configure(change)
    bench.run("results/tables/summary.csv").done()
    return bench


def model(name):
    options = getattr(tiny(MODELS[name][0]), "OPTIONS", {})
    return {"source": "path", "path": f"models/{name}", **options}


def target(name):
    told = "classes" if module_of(MODELS[name][0]).family.condition == "class" else "mine"
    return {"model": name, "members": f"{told}:member", "nonmembers": f"{told}:nonmember"}


@pytest.mark.parametrize("name", MODELS)
def test_a_family_runs_from_its_folder_to_the_table(bench, name):
    """Rows that contrast captions are not there for a model that is told none."""
    with (bench.folder / "results/tables/summary.csv").open() as file:
        rows = {row["attack"]: row for row in csv.DictReader(file) if row["target"] == name}
    there = set(ATTACKS)
    if module_of(MODELS[name][0]).family.condition == "none":
        there -= {"clid_null"}
    assert set(rows) == there
    assert all(0 <= float(row["auc"]) <= 1 for row in rows.values())
    assert not any("not_reproducible" in row["flags"] for row in rows.values())
