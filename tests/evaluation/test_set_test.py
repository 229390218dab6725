"""Is a collection in the training data? The test, its power and what blind baselines say."""

import numpy as np
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.power import TTestIndPower

from made_target import membership, scores
from mia.evaluation.set_test import (
    COLUMNS,
    PASSES,
    TOLD_APART,
    doubt,
    power,
    set_test_rows,
    welch,
)


def rows_of(members, shift, seed=0):
    table = members[members["block"] >= 0].set_index("image_id")
    table = table[["member", "group", "fold", "block"]]
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
    for row in by_size.values():
        assert row["false_alarms"] == pytest.approx(0.05, abs=0.03)
        assert row["power_low"] < row["power"] < row["power_high"]
    assert whole(rows, "loss")["p"] < 1e-6


def test_power_is_what_it_would_be_and_says_how_little_a_sample_knows():
    """With the true difference statsmodels' power; of samples, its interval holds that."""
    exact = np.array([-1.0, 1.0]) * np.sqrt(199 / 200)
    exact = np.tile(exact, 100)
    row = {row["size"]: row for row in power(exact + 0.2, exact, 0)}[100]
    expected = TTestIndPower().power(0.2, 100, 0.05, alternative="larger")
    assert row["power"] == pytest.approx(expected, abs=1e-6)
    for effect in (0.0, 0.2):
        expected, held = TTestIndPower().power(effect, 200, 0.05, alternative="larger"), []
        for seed in range(200):
            rng = np.random.default_rng(seed)
            rows = power(rng.normal(effect, 1, 285), rng.normal(0, 1, 285), seed)
            (row,) = (row for row in rows if row["size"] == 200)
            held.append(row["power_low"] <= expected <= row["power_high"])
        assert np.mean(held) == pytest.approx(0.95, abs=0.04)


def test_a_baseline_that_passes_alone_is_told_beside_one_that_passes_among_many():
    assert doubt([0.5, 0.2]) == ""
    assert doubt([0.5, 0.03]) == PASSES.format(tried=4)
    assert doubt([0.5, 0.01]) == doubt([0.995, 0.5]) == TOLD_APART


def test_a_blind_baseline_that_passes_takes_the_meaning_away():
    _, fair = examined({"loss": 1.0, "blind_image": 0.0}, blind=["blind_image"])
    _, shifted = examined({"loss": 1.0, "blind_image": -1.0}, blind=["blind_image"])
    assert whole(fair, "loss")["note"] == ""
    assert whole(fair, "loss")["blind_p"] > 0.05
    assert whole(shifted, "loss")["note"].startswith("a blind baseline tells the sets apart")
    assert whole(shifted, "loss")["blind_p"] == whole(shifted, "blind_image")["p"] > 0.999
    assert whole(shifted, "blind_image")["p_holm"] is None


def test_members_that_score_lower_are_no_sign_of_training():
    _, rows = examined({"loss": -1.0, "pia": 0.0})
    assert whole(rows, "loss")["p"] > 0.999
    assert whole(rows, "pia")["p_holm"] == pytest.approx(min(1, 2 * whole(rows, "pia")["p"]))


def test_a_small_set_has_no_power_row():
    assert power(np.arange(9.0), np.arange(30.0), 0) == []
