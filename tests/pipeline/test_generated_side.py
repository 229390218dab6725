"""A third side down the whole road: made by the model, scored, shown; no other number moves."""

import argparse

import pandas as pd
import pytest

from mia import storage
from mia.attacks.logistic_losses import Attack
from mia.config import stage_settings
from mia.config.read import read_file
from mia.config.stage_inputs import StageInputs
from mia.images import archive
from mia.images.sources.generated import member_of
from mia.stages import score_generated

GENERATED = {"images": 12, "steps": 2, "guidance": 2.0, "shards": 2}
TRIED = ["loss", "pia", "sima", "clid_null", "learnt"]
TABLES = ("summary.csv", "metrics.csv", "pairwise.csv", "set_test.csv", "answers.csv")
TABLES += ("detections.csv", "compare.csv", "summary.html", "summary.md")
pytestmark = pytest.mark.slow


def with_learner(config):
    config["attacks"]["learnt"] = {"attack": "logistic_losses", "timesteps": [100, 450], "draws": 1}


def with_generated(config):
    config["targets"]["fair"]["generated"] = GENERATED


@pytest.fixture(scope="module")
def runs(finished_run):
    """The micro experiment with an attack that learns; its tables and scores; a third side."""
    bench = finished_run.copy()
    bench.configure(with_learner)
    bench.run().done()
    tables = bench.folder / "results/tables"
    before = {name: (tables / name).read_bytes() for name in TABLES}, bench.scores()
    empty = (tables / "generated.csv").read_text()
    bench.configure(with_generated)
    return bench, before, empty, bench.run().done()


def results(runs):
    return runs[0].folder / "results"


def test_no_number_of_the_two_sides_moves_and_none_is_made_again(runs):
    _, (before, scores), empty, run = runs
    for name in TABLES:
        assert (results(runs) / "tables" / name).read_bytes() == before[name], name
    for attack, score in runs[0].scores().items():
        pd.testing.assert_series_equal(score, scores[attack], check_exact=True)
    others = [job for job in run.jobs if "generated" not in job and job not in ("tables", "report")]
    assert others == []
    assert empty.count("\n") == 1, "a head without rows"


def test_each_image_is_of_a_members_caption_and_has_its_place(runs):
    made = storage.read(results(runs) / "images/fair-generated/manifest.parquet")
    membership = storage.read(results(runs) / "targets/fair/membership.parquet")
    mine = storage.read(results(runs) / "images/mine/manifest.parquet").set_index("image_id")
    kept = made[made["kept"]]
    assert len(made) == GENERATED["images"] and len(kept) > 6
    members = kept["url"].map(member_of)
    sides = membership.set_index("image_id").loc[members]
    assert sides["member"].all() and members.is_unique
    assert mine.loc[members, "caption"].tolist() == kept["caption"].tolist()
    assert {*kept["image_id"]}.isdisjoint(membership["image_id"])
    scored = storage.read(results(runs) / "scores/fair/generated/loss.parquet")
    places = scored.set_index("image_id").loc[kept["image_id"], ["group", "fold", "block"]]
    assert places.to_numpy().tolist() == sides[["group", "fold", "block"]].to_numpy().tolist()
    files = (results(runs) / "images/fair-generated/raw").glob("*/pictures.tar")
    assert sum(len(archive.names(path)) for path in files) == GENERATED["images"]


def test_the_table_has_every_attack_that_asks_the_model(runs):
    table = pd.read_csv(results(runs) / "tables/generated.csv").set_index("attack")
    assert [*table.index] == TRIED
    assert table[["auc_nonmembers", "auc_members"]].stack().between(0, 1).all()
    scores = storage.read(results(runs) / "scores/fair/generated/learnt.parquet")
    unscored = scores["score"].isna()
    assert (unscored == (scores["block"] == 0)).all() and not unscored.all()
    assert table.loc["learnt", "n_generated"] == (~unscored).sum()
    page = (results(runs) / "report.html").read_text()
    assert "Are the model’s own images taken for training images?" in page
    assert "<h3>fair-generated</h3>" in page


def test_no_fit_sees_an_image_that_the_model_made(runs, tmp_path, monkeypatch):
    """It learns for each block what it learns in `score`, from the images before it alone."""
    monkeypatch.chdir(runs[0].folder)
    experiment, fit, seen = read_file("config/config.yaml"), Attack.fit, []
    inputs = StageInputs(experiment)

    def watching(self, evidence, member):
        seen.append({*evidence.image_ids} | {*member.index})
        return fit(self, evidence, member)

    monkeypatch.setattr(Attack, "fit", watching)
    asked = "fair", "learnt"
    score_generated.score(
        argparse.Namespace(
            settings=stage_settings.score_generated(experiment, *asked),
            target="fair",
            membership="results/targets/fair/membership.parquet",
            model=inputs.model_of_attack(*asked)[0],
            signals=inputs.answers(*asked),
            reference=[],
            manifests=[],
            embeddings=[],
            made=inputs.manifest_of_generated("fair")[0],
            made_signals=inputs.answers_on_generated(*asked),
            made_reference=[],
            made_embeddings=[],
            output=str(tmp_path / "scores.parquet"),
        )
    )
    rows = storage.read("results/targets/fair/membership.parquet").set_index("image_id")
    blocks = rows.loc[rows["kept"], "block"]
    assert seen == [{*blocks.index[blocks < number]} for number in range(1, 6)]
    again = storage.read(tmp_path / "scores.parquet")
    pd.testing.assert_frame_equal(
        again, storage.read("results/scores/fair/generated/learnt.parquet")
    )


def test_nothing_is_left_to_do_and_what_is_asked_more_is_made_more(runs):
    bench = runs[0]
    assert bench.run().done().jobs == []
    bench.configure(
        lambda config: config["targets"]["fair"].update(generated={**GENERATED, "images": 13})
    )
    jobs = bench.run().done().jobs
    assert not [job for job in jobs if "generated" not in job and job not in ("tables", "report")]
    again = storage.read(results(runs) / "images/fair-generated/manifest.parquet")
    assert len(again) == 13


def test_too_many_end_the_run_before_anything_is_made_or_measured(begun):
    begun.configure(lambda config: config["targets"]["fair"].update(generated=15))
    run = begun.run()
    assert run.code and "15 images are to be made, and the target has 14 members" in run.text
    assert not [job for job in run.jobs if job.startswith(("generate", "encode", "measure"))]
