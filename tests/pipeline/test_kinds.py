"""Targets with and without a model in one run: no model job runs for what has none."""

import numpy as np
import pandas as pd

from workbench import finished_jobs

OF_MODELS = {"model", "encode", "measure", "gather", "vae", "train"}
BLIND = ("blind_caption", "coin")
TABLE = "-published {attack} 's.csv"  # means something to a shell, to Snakemake and to argparse
DEFENDED = "defended.csv"


def write_scores(folder) -> None:
    """Tables of two attacks: `loss` tells members from nonmembers, less so after a defence."""
    rng = np.random.default_rng(0)
    tables = {TABLE: [], DEFENDED: []}
    for number in range(60):
        member, ease = number % 2, rng.normal(size=2)
        for lines, memory in zip(tables.values(), (2, 0), strict=True):
            loss, secmi = ease + rng.normal(size=2) / 5
            lines.append(f"a{number},{member},,{loss + memory * member:.5f},{secmi:.5f}")
    for name, lines in tables.items():
        (folder / name).write_text("\n".join(["id,member,group,loss,secmi", *lines]) + "\n")


def test_targets_of_three_kinds_stand_side_by_side(bench):
    write_scores(bench.folder)
    more = {
        "judged": {"members": "mine:nonmember", "nonmembers": "mine:member"},
        "published": {"scores": TABLE},
        "defended": {"scores": DEFENDED},
    }
    bench.configure(lambda config: config["targets"].update(more))
    pair = {"before": "published", "after": "defended"}
    bench.configure(lambda config: config.update(compare=pair))
    run = bench.run().done()
    scored = [f"{rule}/judged/{name}" for rule in ("score", "evaluate") for name in BLIND]
    given = ("published", "defended")
    scored += [f"evaluate/{target}/{name}" for target in given for name in ("loss", "secmi")]
    ends = ("verdict", "figures", "loss_figures")
    assert run.jobs == sorted(
        [
            *("membership/judged", "audit/judged", *scored),
            *(f"given_scores_{target}" for target in given),
            *(f"{rule}/{target}" for rule in ends for target in more),
            *("tables", "report"),
        ]
    )
    assert not OF_MODELS & {job.split("/")[0] for job in run.jobs}
    summary = bench.summary().reset_index().set_index(["target", "attack"])
    assert {*summary.loc["judged"].index} == {*BLIND}
    assert {*summary.loc["published"].index} == {"loss", "secmi"}
    assert (summary.loc["published"]["verdict"] == "UNKNOWN").all()
    assert summary.loc[("published", "loss"), "above_chance"] == "yes"
    assert summary.loc["published"]["blind_auc"].isna().all()
    page = (bench.folder / "results/report.html").read_text(encoding="utf-8")
    assert "audit only: the two sets are judged and no model is asked" in page
    assert "UNKNOWN:</strong> no images to audit" in page
    assert "They ask a model, and this target has none." in page
    table = pd.read_csv(bench.folder / "results/tables/compare.csv", index_col="attack")
    assert table["direction"].to_dict() == {"loss": "lowered", "secmi": "cannot be told apart"}
    assert "<h2>Before and after</h2>" in page and "compare: from published to defended" in page
    assert bench.run("--dry-run").done().text.count("Nothing to be done") == 1


def test_sets_that_are_not_fair_stop_a_run_before_anything_is_encoded(finished_run):
    bench = finished_run.begun()
    for name, thing in (("one", "a red cat"), ("other", "blue dogs in the rain")):
        lines = [f"{thing} no {number}" for number in range(60)]
        (bench.folder / f"data/{name}.csv").write_text("\n".join(["caption", *lines]) + "\n")
    sets = {name: {"source": "captions", "path": f"data/{name}.csv"} for name in ("one", "other")}

    def change(config):
        config["image_sets"] |= sets
        config["targets"]["listed"] = {"members": "one", "nonmembers": "other"}
        config["audit"] = {"stop_if": "not_fair"}
        # Blind, but counted where a model is measured: it judges no sets.
        config["attacks"] |= {"loss_per_byte": {"draws": 1}, "blind_bytes": {}}

    bench.configure(change)
    run = bench.run("measured")
    assert run.code != 0
    assert "error: stopped by audit.stop_if: the sets of listed are NOT FAIR; " in run.text
    assert "audit/listed" in finished_jobs(run.text)
    assert not OF_MODELS & {job.split("/")[0] for job in run.jobs}
    bench.configure(lambda config: config["audit"].update(stop_if="never"))
    assert bench.run("audited").done().jobs == []
