"""What reruns after which change (docs/decisions): real runs, exact jobs, exact evals.

`bench` is a fresh copy of one finished run of the micro experiment (tests/support/workbench.py):
one model, one set of 28 images in two shards, one target, six attacks.

Which jobs a call runs is settled before its first job. So a dry run tells them, where no more is
asked; `test_an_edited_score` compares what ran with what was announced.
"""

from __future__ import annotations

import os
import shutil

import pytest

from mia import storage
from mia.told_captions import CONTROLS, NEUTRAL
from micro_experiment import EVALS, IMAGES
from workbench import announced_jobs

MEASURE = ["measure/tiny/mine/000", "measure/tiny/mine/001"]
GATHER = "gather/tiny/mine"
LOSS_FIGURES = "loss_figures/fair"
ATTACKS = ["blind_caption", "clid_null", "coin", "loss", "pia", "sima"]


def rescored(*attacks, target="fair"):
    """Jobs that score and evaluate `attacks`."""
    return [f"{rule}/{target}/{attack}" for rule in ("score", "evaluate") for attack in attacks]


def shown(*jobs, figures=("fair",)):
    """`jobs`, and what follows from any new score: its figures, tables, report."""
    return sorted([*jobs, *(f"figures/{target}" for target in figures), "tables", "report"])


def planned(bench, *targets):
    """Jobs that a call would run."""
    return announced_jobs(bench.run("--dry-run", *targets).done().text)


def plain(bench):
    """Jobs that one plain call would run, none of which measures; `make run` runs the same."""
    jobs = planned(bench)
    assert not set(jobs) & {*MEASURE, GATHER}
    return jobs


def jobs_and_evals(bench):
    """Jobs of the two calls of `make run`, of which the first is made, and its evals."""
    first = bench.run("measured").done()
    return first.jobs, planned(bench), first.evals


def test_the_first_run_measures_every_query_once(finished_run):
    jobs = finished_run.first.jobs
    assert finished_run.first.evals == IMAGES * EVALS
    assert len(jobs) == len(set(jobs))
    assert sorted(jobs) == shown(
        LOSS_FIGURES,
        *("plan_mine", "manifest/mine", "model/tiny", "membership/fair", "audit/fair"),
        "verdict/fair",
        *(f"{rule}/mine/{shard}" for rule in ("download", "rows") for shard in ("000", "001")),
        *(f"encode/tiny/mine/{shard}" for shard in ("000", "001")),
        *MEASURE,
        GATHER,
        *rescored(*ATTACKS),
    )


def test_nothing_reruns_without_a_change_of_content(bench):
    """Everything touched; comments, docstrings and layout; log lines of stages not on the way."""
    comment, docstring = "\n\n# A comment.\n", '"""Another text.\n\n'
    for path in ("attacks/pia.py", "signals/denoise.py", "stages/tables.py", "fingerprint.py"):
        file = bench.folder / "workflow/mia" / path
        text = file.read_text()
        assert text.startswith('"""')
        file.write_text(text.replace('"""', docstring, 1) + comment)
    bench.edit("workflow/rules/scores.smk", "rule score:\n", "# A comment.\nrule score:\n")
    bench.edit("workflow/mia/stages/train.py", "def main() -> None:\n", LOGGED)
    bench.edit("workflow/mia/commands/docs.py", "def main() -> None:\n", LOGGED)
    for path in bench.folder.rglob("*"):
        if not path.relative_to(bench.folder).parts[0].startswith((".", "results")):
            os.utime(path)
    assert jobs_and_evals(bench) == ([], [], 0)


LOGGED = 'def main() -> None:\n    print("another log line")\n'


def test_an_edited_score(bench):
    bench.edit("workflow/mia/attacks/pia.py", "return -(gap", "return -2 * (gap")
    jobs = plain(bench)
    assert jobs == bench.run().done().jobs == shown(*rescored("pia"))


@pytest.mark.slow
def test_an_edited_blind_baseline_is_audited_too(bench):
    bench.edit("workflow/mia/blind/caption.py", "max_iter=1000", "max_iter=1001")
    assert plain(bench) == shown(*rescored("blind_caption"), "audit/fair", "verdict/fair")


def test_parameters_with_the_queries_unchanged(bench):
    bench.configure(lambda config: config["attacks"].update(pia={"norm": 2}))
    assert plain(bench) == shown(*rescored("pia"))


def test_a_helper_imported_by_one_attack(bench):
    bench.edit("workflow/mia/roots.py", "return values", "return 2 * values")
    assert plain(bench) == shown(*rescored("sima"))


def test_an_attack_with_new_queries_and_one_more_timestep(bench):
    """No other attack is scored again, of those with the same signal neither."""
    new = {"attack": "loss", "timesteps": [700], "draws": 3}
    bench.configure(lambda config: config["attacks"].update(loss_late=new))
    bench.configure(lambda config: config["attacks"].update(clid_null={"timesteps": [300, 450]}))
    measured, after = bench.make_run()
    assert measured.jobs == sorted([*MEASURE, GATHER])
    assert (measured.evals, after.evals) == ((3 + 2) * IMAGES, 0)
    # The model is untrained, and now there is a timestep more that shows it.
    again = rescored("clid_null", "loss_late")
    assert after.jobs == shown(LOSS_FIGURES, *again, "verdict/fair")
    flags = bench.summary()["flags"].str.contains("estimates_worse_than_zero")
    assert flags["loss_late"] and flags["pia"] and not flags["blind_caption"]
    assert planned(bench) == []


def test_caption_controls_measure_their_own_queries_alone(bench):
    """A caption that two controls tell an image is told once. No attack is judged anew."""
    before = bench.summary()
    entry = {"attack": "clid_null", "timesteps": [450]}
    controls = {f"clid_{kind}": {**entry, "captions": kind} for kind in CONTROLS}
    bench.configure(lambda config: config["attacks"].update(controls))
    measured, after = bench.make_run()
    assert measured.jobs == sorted([*MEASURE, GATHER, "other_captions/fair"])
    table = storage.read(bench.folder / "results/targets/fair/captions.parquet")
    told = table.assign(fixed=NEUTRAL)[[*CONTROLS]].to_numpy()
    new = sum(len({*texts} - {own}) for texts, own in zip(told, table["own"], strict=True))
    assert (measured.evals, after.evals) == (2 * new, 0) and 2 * IMAGES < new <= 3 * IMAGES
    assert after.jobs == shown(*rescored(*controls))
    summary = bench.summary()
    attacks = summary.loc[before.index].drop(columns="evals_shared")
    assert attacks.equals(before.drop(columns="evals_shared"))
    assert summary.loc[[*controls], "flags"].str.contains("other_captions").all()
    assert summary.loc[[*controls], ["above_chance", "above_blind"]].isna().all(axis=None)
    page = (bench.folder / "results/report.html").read_text()
    assert "What do attacks read in captions?" in page and "6 attacks" not in page
    assert planned(bench) == []


@pytest.mark.slow
def test_an_attack_with_new_queries_in_one_plain_call(bench):
    """Correct too; it scores again whatever reads a gathered file."""
    new = {"attack": "loss", "timesteps": [700], "draws": 3}
    bench.configure(lambda config: config["attacks"].update(loss_late=new))
    run = bench.run().done()
    reading = ["clid_null", "loss", "loss_late", "pia", "sima"]
    assert run.jobs == shown(*MEASURE, GATHER, LOSS_FIGURES, *rescored(*reading), "verdict/fair")
    assert run.evals == 3 * IMAGES
    assert planned(bench) == []


def test_a_removed_attack(bench):
    """Its signal goes with it; what is left is neither measured nor scored again."""
    bench.configure(lambda config: config["attacks"].pop("sima"))
    first, second, evals = jobs_and_evals(bench)
    assert first == sorted([*MEASURE, GATHER])
    assert evals == 0
    assert second == shown()
    assert bench.run("results/tables/summary.csv").done().jobs == ["tables"]
    assert "sima" not in bench.summary().index


def test_a_second_target_on_the_same_model_and_set(bench):
    other = {"model": "tiny", "members": "mine:nonmember", "nonmembers": "mine:member"}
    bench.configure(lambda config: config["targets"].update(swapped=other))
    assert plain(bench) == shown(
        "membership/swapped",
        *rescored(*ATTACKS, target="swapped"),
        "audit/swapped",
        "verdict/swapped",
        "loss_figures/swapped",
        figures=["swapped"],
    )


def test_an_edited_signal_is_measured_again_and_no_other(bench):
    before = bench.scores()
    bench.edit("workflow/mia/signals/proximal.py", "(size**p).mean(1)", "(2 * size**p).mean(1)")
    first, second, evals = jobs_and_evals(bench)
    assert first == sorted([*MEASURE, GATHER])
    assert evals == 2 * IMAGES
    assert second == shown(*rescored("pia"))
    bench.run("results/scores/fair/pia.parquet").done()
    assert (bench.scores()["pia"] < before["pia"]).all()


def test_an_edited_denoiser_is_measured_again_in_full(bench):
    bench.edit(
        "workflow/mia/denoisers/stable_diffusion.py", "load = Stable", "NEW = 1\nload = Stable"
    )
    looked = ["model/tiny", *(f"encode/tiny/mine/{shard}" for shard in ("000", "001"))]
    assert planned(bench, "measured") == sorted([*looked, *MEASURE, GATHER])
    shard = "results/signals/tiny/mine/denoise/000.parquet"
    pictures = storage.read(bench.folder / shard)["image_id"].nunique()
    run = bench.run(shard).done()
    assert run.jobs == sorted([*looked[:2], MEASURE[0]])
    assert run.evals == pictures * EVALS


def test_a_reworded_log_line_of_the_measuring_stage_costs_no_eval(bench):
    """It is looked at again, and as no number moves nothing is scored again."""
    bench.edit("workflow/mia/stages/measure.py", "everything is in the ledger", "nothing to do")
    first, second, evals = jobs_and_evals(bench)
    assert first == sorted([*MEASURE, GATHER])
    assert evals == 0
    assert second == []


def test_a_deleted_score(bench):
    (bench.folder / "results/scores/fair/pia.parquet").unlink()
    assert plain(bench) == shown(*rescored("pia"))


def test_fewer_shards(bench):
    """The rows of the shard that goes are dealt to the others; the list of before holds half."""
    bench.configure(lambda config: config["image_sets"]["mine"].update(shards=1))
    jobs = planned(bench, "measured")
    assert {"plan_mine", "download/mine/000", "rows/mine/000", "manifest/mine"} <= {*jobs}


def test_a_deleted_signal_shard(bench):
    (bench.folder / "results/signals/tiny/mine/denoise/001.parquet").unlink()
    first, second, evals = jobs_and_evals(bench)
    assert first == sorted([MEASURE[1], GATHER])
    assert evals == 0
    assert second == []


def test_a_deleted_ledger(bench):
    shutil.rmtree(bench.folder / "results/ledger")
    assert jobs_and_evals(bench) == ([], [], 0)
