"""The last lines of a run: short, narrow, the answer first."""

import pandas as pd
import pytest

from mia.commands.terminal import LEAST, MOST, summary
from mia.evaluation.answer_rows import BETWEEN, COLUMNS
from mia.evaluation.answers import ANSWERS

LONG = "UNDECIDED: " + "a baseline may differ by more than the margin; " * 9


def table(**cells):
    row = dict.fromkeys(COLUMNS, "") | {"target": "mine", "answer": "Used", "verdict": "FAIR"}
    row |= {"attack": "loss", "auc": "0.6543", "auc_low": "0.61", "auc_high": "0.7"}
    row |= {"n_nonmember": "774", "headline_limit": "0.1", "tpr": "0.314"}
    return pd.DataFrame([row | {"reasons": BETWEEN.join(["One.", "Last of all."])} | cells])


def test_six_facts_in_their_order():
    numbers = {"auc_gain": "0.1234", "auc_gain_low": "0.05", "auc_gain_high": "0.2"}
    assert summary(table(**numbers), {"mine": "FAIR: alike"}, 80) == [
        "",
        "mine",
        "  answer   Used",
        "  why      Last of all.",
        "  best row loss, AUC 0.65 [0.61–0.70]",
        "  TPR      31 %: 10 % FPR allows 77 false positives, 1 % allows 7",
        "  gain     +0.12 [+0.05 to +0.20] over the control",
        "  verdict  FAIR: alike",
    ]


@pytest.mark.parametrize("width", [40, 57, 80, 200])
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_target_has_more_lines_than_ten_and_none_is_too_wide(width, answer):
    long = table(answer=answer, target="x" * 90, attack="a" * 70, reasons="why so " * 60)
    lines = summary(long, {"x" * 90: LONG}, width)
    assert len(lines) <= MOST + 1
    assert max(map(len, lines)) <= width
    assert lines[-1].strip()


def test_what_is_missing_is_said():
    lines = summary(table(attack="", auc="", auc_low="", auc_high=""), {}, 10)
    assert "  best row none: no attack reads the model" in lines or max(map(len, lines)) <= LEAST
    assert "  gain     no control model" in lines and "  verdict  FAIR" in lines


def test_the_tpr_is_told_at_the_targets_limit_and_what_it_allows():
    """Also of an attack that learns: it has fewer nonmembers than its target."""
    learnt = {"n_nonmember": "833", "headline_limit": "0.01", "tpr": "0.052"}
    told = "  TPR      5 %: 1 % FPR allows 8 false positives"
    assert summary(table(**learnt), {}, 80)[5] == told
    few = {"n_nonmember": "15", "headline_limit": "0.1", "tpr": ""}
    assert summary(table(**few), {}, 80)[5] == ("  TPR      n/a: 10 % FPR allows 1 false positive")
