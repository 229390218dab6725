"""Targets whose sides are matched, from the manifest to the report: real runs."""

import importlib
import json

import pytest

import micro_experiment
from mia import storage
from mia.targets.folds import CALIBRATION, EVALUATION, FIT
from workbench import Workbench

SIDES = {"members": True, "nonmembers": False}


def attacks(config: dict, *names: str) -> None:
    """Two attacks say enough about a target's rows."""
    config["attacks"] = {name: config["attacks"][name] for name in names}


def rows_of(bench: Workbench, target: str):
    """The target's rows with all that matching could read."""
    rows = storage.read(bench.folder / f"results/targets/{target}/membership.parquet")
    manifest = storage.read(bench.folder / "results/images/mine/manifest.parquet")
    assert len(rows) == 2 * micro_experiment.PICTURES, "no row is lost"
    further = manifest.drop(columns=["image_id", "group", "kept", "reason"])
    return rows.merge(further, on="key", validate="one_to_one")


def assert_matched_and_told(bench: Workbench, target: str, match: str) -> None:
    rows = rows_of(bench, target)
    method = importlib.import_module(f"mia.targets.matching.{match}")
    fit, reported = rows[rows["fold"] == FIT], rows[rows["fold"] != FIT]
    assert set(rows["fold"]) == {FIT, CALIBRATION, EVALUATION}
    assert fit["kept"].all() and fit["member"].nunique() == 2

    # Nothing but `fit` taught the matching what it did to the two other folds.
    matcher = method.fit(fit, fit["member"], seed=0)
    for fold in (CALIBRATION, EVALUATION):
        part = reported[reported["fold"] == fold]
        expected = matcher.reasons(part, part["member"]).loc[part.index]
        assert part["reason"].tolist() == expected.tolist()
        assert part["kept"].tolist() == expected.eq("").tolist()

    audit = json.loads((bench.folder / f"results/audit/{target}.json").read_text())
    shares, page = {}, (bench.folder / "results/report.html").read_text()
    told = page[page.index(f'<section id="target-{target}"') :].partition("</section>")[0]
    for side, member in SIDES.items():
        of_side = reported[reported["member"] == member]
        shares[side] = of_side["kept"].mean()
        left_out = int((~of_side["kept"]).sum())
        assert audit["counts"][side].get(FIT) == (fit["member"] == member).sum()
        assert audit["counts"][side]["dropped"] == ({"unmatched": left_out} if left_out else {})
        assert (f"{left_out} left out: unmatched" in told) == (left_out > 0)
    assert audit["match"] == match
    assert audit["kept_share"] == pytest.approx(shares)
    sentence = " and ".join(f"{share:.0%} of {side}" for side, share in shares.items())
    assert f"Matched by {match}: {sentence.replace('%', ' %')} kept." in audit["remarks"]
    assert f"Matched by {match}: {sentence.replace('%', ' %')} kept." in told

    evaluated = reported[reported["kept"]]
    assert audit["n_member"] == evaluated["member"].sum()
    assert audit["n_nonmember"] == (~evaluated["member"]).sum()
    kept = set(rows.loc[rows["kept"], "image_id"])
    for score in bench.scores(target).values():
        assert set(score.index) == kept


def test_a_target_matched_by_propensity(tiny_sd, tmp_path, monkeypatch):
    """More images than elsewhere: matching leaves some out, and enough for an answer.

    Of attacks that ask no model, since matching comes before any is asked.
    """
    monkeypatch.setattr(micro_experiment, "PICTURES", 24)
    bench = Workbench.build(tmp_path / "tree", tiny_sd)
    bench.configure(lambda config: attacks(config, "blind_caption", "coin"))
    bench.configure(lambda config: config["image_sets"]["mine"].update(shards=1))
    bench.configure(lambda config: config["targets"]["fair"].update(match="propensity"))
    bench.run().done()
    assert_matched_and_told(bench, "fair", "propensity")
    rows = rows_of(bench, "fair")
    reported = rows[rows["fold"] != FIT]
    sides = reported[reported["kept"]].groupby("fold")["member"].mean()
    assert sides.tolist() == [0.5, 0.5], "as many members as nonmembers"
    assert (rows.loc[~rows["kept"] | (rows["fold"] == FIT), "block"] == -1).all()
    assert not reported["kept"].all()

    # The check above can fail: matching that has seen all rows would have chosen others.
    method = importlib.import_module("mia.targets.matching.propensity")
    part = rows[rows["fold"] == EVALUATION]
    seen = method.fit(rows, rows["member"], seed=0).reasons(part, part["member"])
    assert seen.loc[part.index].tolist() != part["reason"].tolist()


@pytest.mark.slow
def test_targets_matched_in_bins_and_by_hardness(bench):
    bench.configure(lambda config: attacks(config, "loss", "blind_caption"))

    def two_more(config):
        fair = config["targets"].pop("fair")
        config["targets"] = {match: {**fair, "match": match} for match in ("bins", "hard")}

    bench.configure(two_more)
    assert bench.run().done().evals == 0
    for match in ("bins", "hard"):
        assert_matched_and_told(bench, match, match)
