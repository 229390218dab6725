"""Matching: learnt on `fit` alone, applied to the other folds one by one, never by their labels."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from made_images import images
from mia.blind import stack
from mia.targets import folds
from mia.targets.matching import bins, hard, propensity
from mia.targets.matching.method import unmatched

METHODS = ("propensity", "bins", "hard")


def shifted(per_class, seed=0, shift=0.25):
    """Sets that differ in one statistic, with the three folds of a matched target."""
    rows = images(per_class, seed)
    rows["stat_edges"] += shift * rows["member"]
    dealt = folds.fifths(rows["group"], rows["member"], seed)
    return rows.reset_index().assign(fold=rows["group"].map(dealt).to_numpy())


@pytest.fixture(scope="module")
def rows():
    return shifted(500, shift=0.3)


@pytest.fixture(scope="module")
def reasons(rows):
    return {name: unmatched(rows, method(name), seed=0) for name in METHODS}


def method(name):
    return importlib.import_module(f"mia.targets.matching.{name}")


@pytest.mark.parametrize("name", METHODS)
def test_matching_brings_the_sides_nearer_and_says_who_went(name, rows, reasons):
    found = reasons[name]
    assert set(found.index) == set(rows.index[rows["fold"] != "fit"])
    assert all(reason == "" or reason.startswith("unmatched: ") for reason in found)
    judged = stack.fit(rows, rows.loc[rows["fold"] == "fit", "member"], 0)
    for fold in ("calibration", "evaluation"):
        before = rows[rows["fold"] == fold]
        after = before[found[before.index] == ""]
        assert 0.1 < len(after) / len(before) < 1
        was, now = (
            roc_auc_score(part["member"], judged.log_odds(part)) for part in (before, after)
        )
        assert was > 0.6 and abs(now - 0.5) < 0.6 * (was - 0.5)


@pytest.mark.parametrize("name", ["propensity", "bins"])
def test_as_many_members_as_nonmembers_stay(name, rows, reasons):
    stays = rows.loc[reasons[name].index[reasons[name] == ""]]
    counts = stays.groupby(["fold", "member"]).size().unstack()
    assert (counts[True] == counts[False]).all()


class Watching:
    """A method that keeps what it was given."""

    def fit(self, rows, member, seed):
        self.learnt, self.matched = rows, []
        return self

    def reasons(self, rows, member):
        self.matched.append(rows)
        return pd.Series("", rows.index)


def test_a_method_is_fitted_to_the_fit_fold_and_nothing_else(rows):
    watching = Watching()
    unmatched(rows, watching, seed=0)
    assert set(watching.learnt["fold"]) == {"fit"}
    assert len(watching.learnt) == (rows["fold"] == "fit").sum()
    assert [set(part["fold"]) for part in watching.matched] == [{"calibration"}, {"evaluation"}]


@pytest.mark.parametrize("name", METHODS)
def test_what_is_tested_teaches_nothing(name, rows, reasons):
    """With evaluation's labels and images mixed up, calibration is matched as before."""
    rng, tested = np.random.default_rng(0), rows.index[rows["fold"] == "evaluation"]
    other = rows.copy()
    for column in ("member", "caption", "stat_edges", "bytes"):
        other.loc[tested, column] = rng.permutation(rows.loc[tested, column].to_numpy())
    calibration = rows.index[rows["fold"] == "calibration"]
    pd.testing.assert_series_equal(
        unmatched(other, method(name), seed=0)[calibration], reasons[name][calibration]
    )


def test_hard_rows_do_not_depend_on_any_label_of_theirs(rows, reasons):
    swapped = rows.assign(member=rows["member"] ^ (rows["fold"] != "fit"))
    pd.testing.assert_series_equal(unmatched(swapped, hard, seed=0), reasons["hard"])


def test_hard_keeps_everything_where_nothing_can_be_told():
    found = unmatched(shifted(400, seed=1, shift=0), hard, seed=0)
    assert (found == "").mean() > 0.8


def test_the_order_of_rows_changes_nothing(rows, reasons):
    shuffled = rows[rows["fold"] != "fit"].sample(frac=1, random_state=1)
    shuffled = pd.concat([rows[rows["fold"] == "fit"], shuffled])
    for name in METHODS[:2]:
        found = unmatched(shuffled, method(name), seed=0)
        pd.testing.assert_series_equal(found.sort_index(), reasons[name].sort_index())


def test_pairs_are_the_nearest_left_within_the_caliper():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.5, 1, 80), rng.normal(size=120)
    left, expected = set(range(120)), []
    for i, number in enumerate(ours):
        nearest = min(left, key=lambda j: (abs(theirs[j] - number), theirs[j]))
        if abs(theirs[nearest] - number) <= 0.05:
            expected.append((i, nearest))
            left.remove(nearest)
    assert propensity.pairs(ours, theirs, 0.05) == expected
    assert 20 < len(expected) < 80
    assert propensity.pairs(ours, np.array([]), 1.0) == []


def test_bins_are_cut_where_the_fit_fold_says(rows):
    learnt = rows[rows["fold"] == "fit"]
    grid = bins.fit(learnt, learnt["member"], seed=0)
    cells = grid.cells(rows)
    assert cells.between(0, bins.BINS**2 - 1).all()
    part = rows[rows["fold"] == "evaluation"]
    pd.testing.assert_series_equal(grid.cells(part), cells[part.index])


def test_three_folds_are_a_fifth_and_two_fifths_of_each_class():
    rng = np.random.default_rng(0)
    group = pd.Series(rng.integers(0, 300, 600)).astype(str)
    member = pd.Series(rng.random(600) < 0.3)
    dealt = folds.fifths(group, member, seed=0)
    shares = pd.crosstab(member, group.map(dealt), normalize="index")
    assert (shares - [0.4, 0.4, 0.2]).abs().max(axis=None) < 0.02
    single = folds.fifths(pd.Series(range(100)).astype(str), pd.Series([True] * 100), 0)
    assert pd.Series(single).value_counts().to_dict() == {
        "fit": 20,
        "calibration": 40,
        "evaluation": 40,
    }
    assert folds.fifths(group, member, seed=1) != dealt
    shuffled = rng.permutation(600)
    assert folds.fifths(group[shuffled], member[shuffled], seed=0) == dealt
