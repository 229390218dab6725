"""Answers to questions whose answers are known: from folders and trained models to the page.

One run of Snakemake trains three models and answers for every target. Where a truth is one of
chance, labels are drawn twenty times and all that depends on labels is done again on stored scores.
"""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import known_truths
from mia import storage
from mia.evaluation.answers import CANNOT_TELL, USED, USED_UNLESS
from micro_experiment import PROJECT
from relabelled import Relabelled

SEEDS = range(20)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The finished run."""
    bench = known_truths.lay_out(tmp_path_factory.mktemp("truths"), PROJECT)
    config = "--configfile", str(bench.folder / "config/config.yaml")
    for wanted in (("measured",), ()):
        bench.run(*wanted, *config).done()
    return bench.folder


@pytest.fixture(scope="module")
def answers(run):
    """The table of answers, index target."""
    table = pd.read_csv(run / "results/tables/answers.csv", keep_default_na=False)
    return table.set_index("target")


def said_on_the_page(run, target) -> str:
    page = (run / "results/report.html").read_text(encoding="utf-8")
    box = re.search(rf'id="answer-{target}">.*?<strong>(.*?)\.</strong>', page, re.S)
    return box[1]


def test_what_was_memorised_is_used(run, answers):
    """Folders of images at random: nothing but the training tells claimed from held-out ones."""
    told = answers.loc["used"]
    assert told["answer"] == USED and "loss" in told["gaining"].split(" | ")
    assert answers.loc["used-alone", "answer"] in (USED, USED_UNLESS)
    for target in ("used", "used-alone"):
        assert said_on_the_page(run, target) == answers.loc[target, "answer"]
        assert answers.loc[target, "members_are"] == "claimed"


def test_memory_behind_other_captions_is_found_over_a_control_alone(run, answers):
    """Claimed captions are written in another style: a baseline sees that without any model."""
    for target, answer in {"styled": USED, "styled-alone": CANNOT_TELL}.items():
        assert answers.loc[target, "verdict"] == "NOT FAIR"
        assert answers.loc[target, "answer"] == said_on_the_page(run, target) == answer
        assert answers.loc[target, "passing"]
    summary = pd.read_csv(run / "results/tables/summary.csv").set_index(["target", "attack"])
    blind = summary.loc[("styled", "blind_caption")]
    assert blind["auc_low"] > 0.53 and blind["blind_auc"] >= blind["auc"]
    assert "blind_caption" in (run / "results/tables/summary.md").read_text(encoding="utf-8")


def kept(run, target) -> pd.DataFrame:
    """The kept images of a target, index image_id."""
    rows = storage.read(run / f"results/targets/{target}/membership.parquet")
    return rows[rows["kept"]].set_index("image_id")


def test_what_was_not_trained_on_is_never_used(run, answers, tmp_path):
    """The images of the first truth asked of another model, called members at random."""
    assert not answers.loc["unseen", "answer"].startswith(USED)
    groups = np.sort(kept(run, "unseen")["group"].unique())
    found = []
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(len(groups))
        member = pd.Series(order < len(groups) // 2, groups)
        drawn = Relabelled.draw(run, "unseen", member, seed, tmp_path / str(seed))
        found += [drawn.answer("unseen", alone=alone) for alone in (False, True)]
    table = pd.DataFrame(found)
    print(table[["verdict", "answer", "attack", "auc", "auc_gain"]].to_string())
    assert not table["answer"].isin([USED, USED_UNLESS]).any()


def test_members_that_are_merely_easier_are_rarely_used_with_a_control(run, tmp_path):
    """Images that no model saw are called members by how easy a third model finds them.

    A gain over an unlike control is no proof: without memory it was measured in 1 to 6 % of targets
    (docs/results.md). Three of twenty come with a chance of 10 % at 6 % each, of 2 % at 3 %.
    """
    rows = kept(run, "pool")
    judge = storage.read(run / "results/scores/judge/loss.parquet").set_index("image_id")["score"]
    ease = judge.loc[rows.index].rank(pct=True).groupby(rows["group"]).mean()
    found = []
    for seed in SEEDS:
        chosen = np.random.default_rng(seed).random(len(ease))
        member = pd.Series(chosen < expit(known_truths.HIDDEN * (ease - 0.5)), ease.index)
        drawn = Relabelled.draw(run, "pool", member, seed, tmp_path / str(seed))
        found.append(drawn.answer("pool"))
    table = pd.DataFrame(found)
    print(table[["verdict", "answer", "attack", "auc", "auc_control", "auc_gain"]].to_string())
    assert (table["passing"] != "").mean() > 0.8, "the shift is there: attacks pass without memory"
    assert table["answer"].isin([USED, USED_UNLESS]).sum() <= 2
