"""Every attack of `config/all-attacks.yaml` down the whole road, at the tests' size."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mia.access import reads_model
from mia.attacks.shared.contract import Stacks
from mia.config.attacks import build_attacks
from mia.cost.signals import evals_together
from micro_experiment import IMAGES
from workbench import Run, Workbench

PROJECT = Path(__file__).parents[2]
TREES = {"stack_boosting", "forest_losses"}
pytestmark = pytest.mark.slow


def attacks_of(name: str) -> dict:
    """Rows of a shipped config; without those that need a reference model."""
    rows = yaml.safe_load((PROJECT / "config" / name).read_text(encoding="utf-8"))["attacks"]
    rows = {
        row: {k: "null" if v is None else v for k, v in spec.items()} for row, spec in rows.items()
    }
    return {row: spec for row, spec in rows.items() if row != "loss_ratio"}


def reads_all(rows: dict) -> list[str]:
    """The attacks that read what all others ask."""
    return [name for name, attack in build_attacks(rows).items() if isinstance(attack, Stacks)]


@pytest.fixture(scope="module")
def bench(finished_run) -> Workbench:
    """Every attack, on the two sides and on images that the model makes: one run for all tests."""

    def change(config):
        config["attacks"] = attacks_of("all-attacks.yaml")
        config["targets"]["fair"]["generated"] = {"images": 12, "steps": 2, "guidance": 2.0}
        config["measure"]["repeats"] = 2

    bench = finished_run.copy()
    bench.configure(change)
    return bench


def evals(bench: Workbench, run: Run) -> int:
    """What the images of the two sides cost, those that the model made apart."""
    return sum(bench.evals_of(job) for job in run.jobs if job.startswith("measure/tiny/mine/"))


def test_every_attack_is_scored_evaluated_and_costs_what_was_promised(bench):
    bench.forget_measurements()
    run = bench.run().done()
    rows = attacks_of("all-attacks.yaml")
    summary = bench.summary()
    assert set(summary.index) == set(rows)
    assert summary["auc"].between(0, 1).all()
    promised = IMAGES * evals_together(build_attacks(rows).values())
    # Where another caption is the image's own, or two of them are equal, nothing is asked twice.
    assert 0.99 * promised <= evals(bench, run) <= promised
    flagged = summary.index[summary["flags"].str.contains("not_reproducible", na=False)]
    assert set(flagged) <= TREES, "a tree may jump where rounding sends an image; nothing else may"


def test_every_attack_that_asks_the_model_is_tried_on_images_that_it_makes(bench):
    bench.run().done()
    table = pd.read_csv(bench.folder / "results/tables/generated.csv")
    entries = attacks_of("all-attacks.yaml")
    asking = {name for name, one in build_attacks(entries).items() if reads_model(one.access)}
    assert {*table["attack"]} == {name for name in asking if "captions" not in entries[name]}
    assert table["auc_nonmembers"].between(0, 1).all() and (table["n_generated"] > 5).all()


def test_a_chosen_timestep_is_written_into_the_metrics(bench):
    bench.run().done()

    path = bench.folder / "results/metrics/fair/rn_model.json"
    fitted = json.loads(path.read_text())["fitted"]
    assert fitted["timestep"] in range(0, 801, 100)


def test_more_timesteps_measure_only_those_and_a_new_attack_on_old_queries_nothing(bench):
    bench.run().done()
    rows = attacks_of("all-attacks.yaml")
    rows["loss"] = {"timesteps": [100, 125], "draws": 3}
    rows["latent_early"] = {"attack": "latent_error", "timesteps": [100], "draws": 3}
    bench.configure(lambda config: config.update(attacks=rows))
    assert evals(bench, bench.run("measured").done()) == IMAGES * 3
    scores = [f"results/scores/fair/{attack}.parquet" for attack in rows]
    metrics = bench.folder / "results/metrics/fair/latent_early.json"
    scoring = bench.run(*scores, str(metrics.relative_to(bench.folder))).done()
    assert scoring.evals == 0
    rescored = {job for job in scoring.jobs if job.startswith("score/")}
    again = ("loss", "latent_early", *reads_all(rows))
    assert rescored == {f"score/fair/{attack}" for attack in again}
    assert 0 <= json.loads(metrics.read_text())["auc"]["value"] <= 1
