"""Predictive values at a prior, and what two attacks find together."""

import numpy as np
import pandas as pd
import pytest

from mia.evaluation.practice import overlap_row, predictive_values


def entries(value, low, high, fpr):
    limits = (0.1, 0.01, 0.001)
    ends = {"value": value, "low": low, "high": high, "fpr": fpr}
    return [{"limit": limit, **ends} if limit == 0.01 else {"limit": limit} for limit in limits]


def test_predictive_values_by_hand():
    rows = predictive_values(entries(0.2, 0.1, 0.4, 0.01), 500, 0.01)
    assert [row["metric"] for row in rows] == [
        *("ppv_prior_1pct", "ppv_prior_10pct", "ppv_prior_50pct")
    ]
    for row, prior in zip(rows, (0.01, 0.1, 0.5), strict=True):
        for end, tpr in (("value", 0.2), ("low", 0.1), ("high", 0.4)):
            expected = prior * tpr / (prior * tpr + (1 - prior) * 0.01)
            assert row[end] == pytest.approx(expected)
        assert (row["limit"], row["n"]) == (0.01, 500)
        assert f"if {100 * prior:g} % of those asked are" in row["note"]


def test_what_is_not_known_is_empty():
    for row in predictive_values(entries(None, None, None, None), 500, 0.01):
        assert row["value"] is None
    for row in predictive_values(entries(0.0, 0.0, 0.2, 0.0), 500, 0.01):
        assert row["value"] is None and row["high"] == 1.0


def test_the_two_strongest_attacks_are_compared():
    member = np.repeat([True, False], [10, 100])
    index = [f"i{n:03d}" for n in range(110)]
    found = {"a": range(6), "b": range(3, 9), "c": range(10)}  # members that each finds
    tables = {
        name: pd.DataFrame(
            {
                "score": np.isin(np.arange(110), [*at]) * 9.0
                + np.linspace(0, 1, 110)[::-1] * ~member,
                "member": member,
                "block": 0,
            },
            index,
        )
        for name, at in found.items()
    }
    aucs = {"a": 0.8, "b": 0.7, "c": 0.6}
    summary = [{"attack": name, "auc": auc, "n_nonmember": 100} for name, auc in aucs.items()]
    (row,) = overlap_row("t", tables, summary)
    assert (row["attack"], row["limit"], row["n"]) == ("a", 0.1, 10)
    assert row["value"] == pytest.approx(3 / 9) and "it and b both find" in row["note"]
    assert overlap_row("t", {"a": tables["a"]}, summary) == []
