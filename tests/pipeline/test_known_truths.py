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
from mia.evaluation.answers import CANNOT_TELL, NO_SIGN, USED, USED_UNLESS
from mia.evaluation.gain import gains
from mia.evaluation.set_family import family
from mia.evaluation.set_test import LEVEL
from micro_experiment import PROJECT
from relabelled import Relabelled

SEEDS = range(20)
pytestmark = pytest.mark.proof


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


def test_what_was_not_trained_on_is_not_used(run, answers, tmp_path):
    """The images of the first truth asked of another model, called members at random.

    Without a control each of two tests errs at 1 %. A gain is claimed at 5 % over all attacks where
    the control is at chance: three of twenty would come with a chance of 8 % at that rate, of less
    than 1 % at the rate of 1 to 2 % that is measured where the true gain is 0 and not 0.01.
    """
    assert not answers.loc["unseen", "answer"].startswith(USED)
    groups = np.sort(kept(run, "unseen")["group"].unique())
    found = []
    for seed in SEEDS:
        order = np.random.default_rng(seed).permutation(len(groups))
        member = pd.Series(order < len(groups) // 2, groups)
        drawn = Relabelled.draw(run, "unseen", member, seed, tmp_path / str(seed))
        for alone in (False, True):
            # Where no attack finds anything, no baseline can make it Used: none is fitted then.
            finds = drawn.finds("unseen", alone)
            whole = finds or seed == SEEDS[0]
            answer = drawn.answer("unseen", alone)["answer"] if whole else NO_SIGN
            found.append({"alone": alone, "finds": finds, "answer": answer})
    table = pd.DataFrame(found)
    print(table.to_string())
    used = table["answer"].str.startswith(USED)
    assert not used[table["alone"]].any()
    assert used[~table["alone"]].sum() <= 2


@pytest.mark.parametrize("model", ["unlike", "control"])
@pytest.mark.parametrize("hidden", known_truths.HIDDEN)
def test_members_that_are_merely_easier_are_rarely_used_with_a_control(run, hidden, model):
    """Images that no model saw are called members by how easy a third model finds them.

    Each of two unlike models is the other's control. With a control the answer is Used where there
    is a gain, so that no baseline is needed. A gain over an unlike control is no proof: it is found
    in 1 to 6 % of targets without memory. Three of twenty come with a chance of 2 % at 3 % each.
    """
    rows = kept(run, "pool")
    ease = scores(run, "judge", "loss")["score"].loc[rows.index]
    ease = ease.rank(pct=True).groupby(rows["group"]).mean()
    columns = {"unlike": "score", "control": "control_control"}
    own = columns.pop(model)
    (other,) = columns.values()
    attacks = {
        name: scores(run, "pool", name)
        .loc[rows.index, [own, other]]
        .set_axis(["score", "control_other"], axis=1)
        for name in ("loss", "sima", "clid_null")
    }
    passing, claimed = [], []
    for seed in SEEDS:
        drawn = np.random.default_rng(seed).random(len(ease)) < expit(hidden * (ease - 0.5))
        images = {"member": rows["group"].map(drawn), "group": rows["group"], "block": 0}
        tables = {name: table.assign(**images) for name, table in attacks.items()}
        passing.append(any(one.p_family <= LEVEL for one in family(tables, seed, 999).values()))
        claimed.append(any(gain.found for gain in gains(tables, 0.95).values()))
    print(f"{model}, shift {hidden}: passes in {sum(passing)}, gains in {sum(claimed)} of 20")
    assert sum(passing) > 18, "the shift is there: attacks pass without any memory"
    assert sum(claimed) <= 2


def scores(run, target, attack) -> pd.DataFrame:
    """The score file of an attack, index image_id."""
    path = run / f"results/scores/{target}/{attack}.parquet"
    return storage.read(path).set_index("image_id")
