"""A number does not depend on how the work was cut, nor on where or how often it was done."""

from __future__ import annotations

import shutil

from micro_experiment import EVALS, IMAGES
from result_contents import contents
from workbench import Workbench, assert_same_scores, losses


def scored_rows(bench):
    return {name: score.dropna().to_dict() for name, score in bench.scores().items()}


def test_shards_batches_and_cores_change_no_number(bench, finished_run):
    """Three shards for two, out of the ledger; then batches of 5 for 64, on one core for two."""
    bench.configure(lambda config: config["image_sets"]["mine"].update(shards=3))
    measured, after = bench.make_run()
    assert [job for job in measured.jobs if job.startswith("measure/")] == [
        f"measure/tiny/mine/{shard}" for shard in ("000", "001", "002")
    ]
    assert measured.evals == 0
    # Manifest and gathered files came out the same; only the page tells of the config.
    assert after.jobs == ["report"]
    assert contents(bench) == contents(finished_run.kept)

    bench.configure(lambda config: config["measure"].update(batch_size=5))
    bench.forget_measurements()
    attacks = finished_run.kept.scores().keys()
    scores = [f"results/scores/fair/{attack}.parquet" for attack in attacks]
    assert bench.run(*scores, cores=1).done().evals == IMAGES * EVALS
    assert_same_scores(finished_run.kept, bench, "fair", attacks)
    before, now = losses(finished_run.kept), losses(bench)
    assert before.index.equals(now.index)
    assert ((before - now).abs() <= 1e-5 * before).all()


def test_a_second_run_elsewhere_gives_equal_tables(bench, finished_run, tmp_path):
    """From nothing, in another working directory, with the Snakefile where it was."""
    elsewhere = Workbench(tmp_path / "elsewhere", home=bench.folder)
    for name in ("data", "models"):
        shutil.copytree(bench.folder / name, elsewhere.folder / name)
    shutil.rmtree(bench.folder / "results")
    run = elsewhere.run().done()
    assert run.jobs == finished_run.first.jobs
    assert run.evals == IMAGES * EVALS
    assert contents(elsewhere) == contents(finished_run.kept)
    assert scored_rows(elsewhere) == scored_rows(finished_run.kept)
    assert not (bench.folder / "results").exists()
    assert elsewhere.run().done().jobs == []
