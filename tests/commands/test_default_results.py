"""What the default experiment is there to show, read off a finished `make run`."""

from pathlib import Path

import pandas as pd
import pytest

SUMMARY = Path(__file__).parents[2] / "results/default/tables/summary.csv"
pytestmark = pytest.mark.results


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    if not SUMMARY.is_file():
        pytest.fail(f"{SUMMARY}: missing; `make run` first")
    return pd.read_csv(SUMMARY, keep_default_na=False, na_values=[""]).set_index(
        ["target", "attack"]
    )


def test_verdicts(table):
    verdicts = table["verdict"].groupby(level="target").first()
    assert verdicts["emoji-fair"] == verdicts["emoji-overfit"] == "BY DESIGN"
    assert verdicts["emoji-null"] == "BY DESIGN"
    assert verdicts["emoji-shifted"] == "NOT FAIR"


def test_a_later_checkpoint_looks_more_leaky(table):
    early, late = (table.loc[(target, "loss")] for target in ("emoji-fair", "emoji-overfit"))
    assert late["auc"] > early["auc"] + 0.05


def test_shifted_sets_are_told_apart_without_the_model(table):
    rows = table.loc["emoji-shifted"]
    assert (rows["blind_auc"] > 0.6).all()
    assert (rows["above_blind"] == "n/a").all()


def test_nothing_is_found_where_there_is_nothing(table):
    """Within four standard errors: of many intervals at 95 % one or two miss by chance."""
    null = table.loc["emoji-null"]
    error = (null["auc_high"] - null["auc_low"]) / (2 * 1.96)
    far = null[(null["auc"] - 0.5).abs() > 4 * error]
    assert far.empty, far.index.tolist()


def test_coin_is_at_chance_everywhere(table):
    """Within four standard errors: the seed was not chosen by what the coin says."""
    coin = table.xs("coin", level="attack")
    error = (coin["auc_high"] - coin["auc_low"]) / (2 * 1.96)
    assert ((coin["auc"] - 0.5).abs() < 4 * error).all()


def test_the_model_adds_something_to_the_strongest_rows_and_a_later_one_more(table):
    early, late = (table.loc[target] for target in ("emoji-fair", "emoji-overfit"))
    for attack in ("loss", "clid_null", "sima"):
        assert late.loc[attack, "gain"] == "yes"
        assert late.loc[attack, "auc_gain"] > early.loc[attack, "auc_gain"]
    assert early.loc["clid_null", "gain"] == "yes"
    assert early.loc["clid_null", "auc_control"] == pytest.approx(0.5, abs=0.1)


def test_each_target_has_the_answer_that_is_true():
    """Trained on, twice; sets of two kinds of images, without a control; never seen."""
    answers = pd.read_csv(SUMMARY.with_name("answers.csv")).set_index("target")["answer"]
    assert answers["emoji-fair"] == answers["emoji-overfit"] == "Used"
    assert answers["emoji-shifted"] == "Cannot be told"
    assert answers["emoji-null"] == "No sign at this size"
