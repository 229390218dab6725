"""Is a collection in the training data? The test, its power and what blind baselines say."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from made_target import membership, scores
from mia.evaluation.set_test import COLUMNS, power, set_test_rows, welch


def rows_of(members, shift, seed=0):
    table = members.set_index("image_id")[["member", "group", "fold"]]
    return table.assign(score=scores(members, shift, seed).set_index("image_id")["score"])


def examined(shifts, blind=(), per_class=400, group_size=1):
    members = membership(per_class, group_size)
    tables = {name: rows_of(members, shift, n) for n, (name, shift) in enumerate(shifts.items())}
    access = {name: "model-free" if name in blind else "grey-box" for name in shifts}
    return tables, set_test_rows("t", tables, access, blind, seed=1)


def whole(rows, attack):
    return next(row for row in rows if row["attack"] == attack and "p" in row)


def test_p_is_scipys_welch_on_group_means():
    tables, rows = examined({"loss": 0.2}, group_size=2)
    table = tables["loss"][tables["loss"]["fold"] == "evaluation"]
    means = table.groupby(["member", "group"])["score"].mean()
    expected = ttest_ind(means[True], means[False], equal_var=False, alternative="greater").pvalue
    found = whole(rows, "loss")
    assert found["p"] == pytest.approx(expected)
    assert found["size"] == 100
    assert set(found) <= set(COLUMNS)


def test_welch_of_sets_that_do_not_vary():
    ones, zeros = np.ones(5), np.zeros(5)
    found = [welch(ones, zeros), welch(zeros, ones), welch(ones, ones), welch(ones[:1], zeros)]
    assert [float(p) for p in found] == [0.0, 1.0, 0.5, 1.0]


def test_a_weak_signal_shows_in_a_large_set_only():
    _, rows = examined({"loss": 0.4}, per_class=1000)
    by_size = {row["size"]: row for row in rows if "power" in row}
    assert list(by_size) == [10, 20, 50, 100, 200, 500]
    assert by_size[10]["power"] < 0.4 < 0.9 < by_size[200]["power"]
    for size in (10, 20, 50, 100):
        assert by_size[size]["false_alarms"] == pytest.approx(0.05, abs=0.035)
    assert by_size[500]["false_alarms"] is None
    assert whole(rows, "loss")["p"] < 1e-6


def test_a_blind_baseline_that_passes_takes_the_meaning_away():
    _, fair = examined({"loss": 1.0, "blind_image": 0.0}, blind=["blind_image"])
    _, shifted = examined({"loss": 1.0, "blind_image": -1.0}, blind=["blind_image"])
    assert whole(fair, "loss")["note"] == ""
    assert whole(fair, "loss")["blind_p"] > 0.05
    assert whole(shifted, "loss")["note"].startswith("a blind baseline tells the sets apart")
    assert whole(shifted, "loss")["blind_p"] < 1e-6
    assert whole(shifted, "blind_image")["p_holm"] is None


def test_members_that_score_lower_are_no_sign_of_training():
    _, rows = examined({"loss": -1.0, "pia": 0.0})
    assert whole(rows, "loss")["p"] > 0.999
    assert whole(rows, "pia")["p_holm"] == pytest.approx(min(1, 2 * whole(rows, "pia")["p"]))


def test_a_small_set_has_no_power_row():
    assert power(np.arange(9.0), np.arange(30.0), 0) == []
