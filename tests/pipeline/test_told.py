"""A model that is told nothing of an image, beside one that is told captions, in one experiment."""

import pandas as pd
import pytest
from diffusers import DDPMPipeline, DDPMScheduler

from mia.config.read import read_file
from mia.cost.signals import evals_together
from micro_experiment import CONFIG
from tiny_families import tiny

ALL = {
    "stack": {},
    "s13": {"attack": "dubinski", "setting": 13, "loss": "latent", "draws": 1},
    "s16": {"attack": "dubinski", "setting": 16, "draws": 1},
    "loss_image": {"attack": "loss", "timesteps": [100, 450], "space": "sample"},
    "loss_ratio": {},
}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def both(finished_run):
    """The finished run with a pixel DDPM beside it, before its second run."""
    bench = finished_run.copy()
    tiny("ddpm").save(bench.folder / "models/ddpm")
    other = tiny("ddpm").unet(layers_per_block=2)
    DDPMPipeline(other, DDPMScheduler()).save_pretrained(bench.folder / "models/other")
    again = tiny("ddpm").unet(block_out_channels=(8, 24))
    DDPMPipeline(again, DDPMScheduler()).save_pretrained(bench.folder / "models/again")

    def change(config):
        models = {
            name: {"source": "path", "path": f"models/{name}"}
            for name in ("ddpm", "other", "again")
        }
        config["models"] |= models
        bare = {**CONFIG["targets"]["fair"], "model": "ddpm", "reference": "other"}
        bare["replicates"] = ["again"]
        config["targets"]["bare"] = bare

    bench.configure(change)
    return bench


def table(bench) -> pd.DataFrame:
    """The summary table, index target and attack."""
    found = pd.read_csv(bench.folder / "results/tables/summary.csv")
    return found.set_index(["target", "attack"])


def test_a_target_without_captions_is_measured_beside_one_with(both, finished_run):
    jobs = [job for run in both.make_run() for job in run.jobs]
    again = ("score/fair", "evaluate/fair", "measure/tiny", "encode/tiny", "model/tiny")
    assert not [job for job in jobs if job.startswith(again)]
    kept = finished_run.kept.scores()
    for name, score in both.scores().items():
        pd.testing.assert_series_equal(score, kept[name], check_exact=True)
    summary = table(both)
    assert list(summary.loc["fair"].index) == list(CONFIG["attacks"])
    assert list(summary.loc["bare"].index) == [n for n in CONFIG["attacks"] if n != "clid_null"]
    asked = {
        f"{path.parent.name}/{path.stem}"
        for path in (both.folder / "results/queries/ddpm/mine").glob("*/*.parquet")
        if len(pd.read_parquet(path))
    }
    assert asked == {
        *("denoise/t100-d0-null", "denoise/t100-d1-null"),
        *("clean/t100-d0-null", "proximal/t200-d0-null"),
    }
    page = (both.folder / "results/report.html").read_text()
    assert page.count("Not tried here: clid_null. The model is told nothing of an image") == 1
    for figure in ("losses", "timesteps"):
        drawn = (both.folder / f"results/figures/bare-{figure}.svg").read_text()
        assert "no caption" in drawn and "with caption" not in drawn


def test_every_kind_of_row_runs_on_it(both, monkeypatch):
    """A stack of what is there, chains, a chosen timestep, another space, a reference."""
    both.configure(lambda config: config["attacks"].update(ALL))
    both.run().done()
    monkeypatch.chdir(both.folder)
    experiment = read_file("config/config.yaml")
    assert "loss_ratio" in experiment.attacks_of("bare")
    rows = table(both).loc["bare"]
    assert list(rows.index) == list(experiment.attacks_of("bare"))
    assert rows["auc"].between(0, 1).all()
    assert (rows.loc[["loss", "pia"], "gain"] != "n/a").all()
    long = pd.read_csv(both.folder / "results/tables/metrics.csv")
    between = long[long["metric"] == "auc_between_runs"].set_index(["target", "attack"])["value"]
    assert (between["bare"].drop(["blind_caption", "coin"], errors="ignore") > 0).any()
    assert "fair" not in between.index
    assert not rows["flags"].str.contains("not_reproducible", na=False).any()
    assert both.run().done().jobs == [], "nothing is left to do"
    alone = rows["evals_alone"].astype(int)
    assert alone["s13"] == 9 and alone["loss_ratio"] == 4
    asking = [experiment.attack_on("bare", name) for name in rows.index]
    assert rows["evals_shared"].sum() == pytest.approx(evals_together(asking), rel=1e-4)
