"""Balance table, Fréchet distance, other splits: against scipy, by hand, and where all is alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import sqrtm
from scipy.stats import ks_2samp, norm

from made_images import images
from mia.audit.balance import balance
from mia.audit.frechet import distance, distances, frechet
from mia.audit.remarks import remarks
from mia.audit.resplit import self_test, spread
from mia.blind import embedding
from mia.config.attacks import build_attack


def test_balance_of_a_few_numbers_by_hand():
    columns = pd.DataFrame({"x": [1.0, 3, 2, 6], "same": 1.0, "apart": [1.0, 1, 0, 0]})
    member, group = pd.Series([True, True, False, False]), pd.Series(list("abcd"))
    rows = {row.column: row for row in balance(columns, member, group)}
    assert (rows["x"].members, rows["x"].nonmembers, rows["x"].ks) == (2, 4, 0.5)
    assert rows["x"].smd == pytest.approx(-2 / np.sqrt((1 + 4) / 2))
    assert (rows["same"].smd, rows["same"].ks, rows["same"].p) == (None, 0, 1)
    assert (rows["apart"].smd, rows["apart"].ks) == (None, 1)


def test_balance_names_the_column_that_differs():
    rows = images(300)
    columns = rows.filter(regex="^stat_").assign(bytes=rows["bytes"])
    columns["bytes"] += 20_000 * rows["member"]
    first, *others = balance(columns, rows["member"], rows["group"])
    assert first.column == "bytes" and first.smd > 0.5 and first.p < 1e-6
    raw = ks_2samp(
        *(columns.loc[rows["member"] == m, "bytes"] for m in (True, False)), method="asymp"
    )
    assert first.p == pytest.approx(raw.pvalue * 4)
    assert all(abs(row.smd) < 0.3 and row.p > 0.05 for row in others)


def test_so_many_columns_are_unbalanced_by_chance_as_said():
    """Of 2,000 columns of sets that are alike; binomial, so within four standard errors."""
    rng = np.random.default_rng(0)
    columns = pd.DataFrame(rng.exponential(size=(500, 2000)))
    member, group = pd.Series(np.arange(500) < 200), pd.Series(np.arange(500))
    rows = balance(columns, member, group)
    expected = sum(row.chance for row in rows)
    assert expected == pytest.approx(2000 * 2 * norm.sf(0.1 / np.sqrt(1 / 200 + 1 / 300)))
    found = sum(row.unbalanced for row in rows)
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected / 2000))
    flat = balance(pd.DataFrame({"x": np.ones(500)}), member, group)[0]
    assert (flat.unbalanced, flat.chance) == (False, None)


def test_copies_do_not_count_as_evidence():
    rows = images(40)
    copied = pd.concat([rows] * 20)
    once, often = (
        balance(
            table[["bytes"]].reset_index(drop=True),
            *map(pd.Series, (table["member"].tolist(), table["group"].tolist())),
        )
        for table in (rows, copied)
    )
    assert once == often


def test_distance_is_that_of_two_normal_distributions():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)), rng.normal(1, 2, (50, 4))
    first, second = np.cov(ours.T), np.cov(theirs.T)
    gap = ours.mean(axis=0) - theirs.mean(axis=0)
    expected = gap @ gap + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert distance(ours, theirs) == pytest.approx(expected)
    assert distance(ours, ours) == pytest.approx(0, abs=1e-9)


def test_the_null_tells_a_shift_from_none():
    rows = images(150)
    columns = rows.filter(regex="^stat_")
    alike = frechet("image", columns, rows["member"], rows["group"], splits=99, seed=0)
    assert alike.p > 0.05 and alike.null_median > 0 and alike.columns == 3
    columns = columns.assign(stat_edges=columns["stat_edges"] + 0.2 * rows["member"])
    apart = frechet("image", columns, rows["member"], rows["group"], splits=99, seed=0)
    assert apart.p == 0.01 and apart.percentile == 1 and apart.value > apart.null_high


def test_p_holds_with_fewer_pictures_than_columns():
    """A flat covariance: exchangeable sets get a small p no oftener than promised, a shift does."""
    found = {0.0: [], 1.5: []}
    for shift, p in found.items():
        for seed in range(20):
            rng = np.random.default_rng(seed)
            values = rng.normal(size=(60, 48)) / np.sqrt(1 + np.arange(48))
            member = np.arange(60) < 30
            values[member, 1] += shift
            index = [str(number) for number in range(60)]
            columns, member = pd.DataFrame(values, index), pd.Series(member, index)
            group = pd.Series(index, index)
            apart = frechet("embedding", columns, member, group, 19, seed, standardise=False)
            assert apart.singular and apart.value > 0.1
            p.append(apart.p <= 0.05)
    assert sum(found[0.0]) <= 3 and sum(found[1.5]) >= 18


def test_an_embedding_is_compared_as_it_is():
    rows = images(60).assign(embedding_0=np.arange(120) % 7, embedding_1=1e3 * (np.arange(120) % 5))
    member, columns = rows["member"], embedding.features(rows)
    names = [one.features for one in distances(rows, member, rows["group"], 19, 0)]
    assert names == ["image", "embedding"]
    found = distances(rows, member, rows["group"], 19, 0)[1]
    sides = (columns[member].to_numpy(float), columns[~member].to_numpy(float))
    assert found.value == pytest.approx(distance(*sides)) and not found.singular


def test_the_null_splits_whole_groups():
    """Two groups, each the whole of one side, can be split in one way only."""
    rows = images(30)
    group = rows["member"].map({True: "a", False: "b"})
    columns = rows.filter(regex="^stat_")
    found = frechet("image", columns, rows["member"], group, splits=19, seed=0)
    assert found.p == 1 and found.value == pytest.approx(found.null_median)


def test_nothing_that_varies_has_no_distance():
    rows = images(10)
    flat = pd.DataFrame({"stat_x": 1.0}, rows.index)
    assert frechet("image", flat, rows["member"], rows["group"], splits=19, seed=0) is None


BLIND = {"blind_metadata": build_attack("blind_metadata", {"rounds": 20})}


def test_spread_sees_a_shift_on_every_split_and_the_self_test_does_not():
    rows = images(150)
    rows["width"] += 150 * rows["member"]
    (seen,) = spread(BLIND, rows, rows, splits=3, seed=0).values()
    assert seen["splits"] == 3
    assert 0.6 < seen["low"] < seen["mean"] < seen["high"] < 0.95
    (tested,) = self_test(BLIND, rows, rows, 0.95, seed=0).values()
    assert tested["low"] < 0.5 < tested["high"]
    assert tested["high"] - tested["low"] < 0.5
    assert spread(BLIND, rows, rows, splits=0, seed=0) == {}


def test_too_few_pictures_to_split_again_are_no_crash():
    rows = images(2).assign(group="one")
    assert spread(BLIND, rows, rows, splits=2, seed=0) == {}
    assert self_test(BLIND, rows, rows, 0.95, seed=0) == {}


def test_remarks_say_what_a_verdict_cannot_know():
    shares, fine = {"members": 0.812, "nonmembers": 0.4}, {"blind_x": {"low": 0.4, "high": 0.6}}
    assert remarks("FAIR", True, "none", shares, fine) == []
    matched, labels = remarks("FAIR", False, "propensity", shares, fine)
    assert matched == "Matched by propensity: 81 % of members and 40 % of nonmembers kept."
    assert "labels" in labels
    failed, above = remarks(
        "NOT FAIR", True, "none", shares, {"blind_x": {"low": 0.6, "high": 0.7}}
    )
    assert "blind_x told members from members" in failed
    assert "proves nothing" in above and "saw neither set" in above
    assert remarks("UNDECIDED", True, "none", shares, fine) == [above]
    assert remarks("BY DESIGN", True, "none", shares, fine) == []
