"""Survival of both sides of a target: counts, Fisher's exact test, and where there is none."""

import pandas as pd
import pytest

from mia.audit.survival import DEALT, survival


def manifest(**parts):
    """Part to (rows, opened)."""
    return pd.DataFrame(
        [
            (part, "success" if n < opened else "not_found")
            for part, (rows, opened) in parts.items()
            for n in range(rows)
        ],
        columns=["part", "status"],
    )


def compared(manifests, members, nonmembers, dealt=(False, False)):
    sides = {}
    pairs = (("members", members), ("nonmembers", nonmembers))
    for (side, name), of_split in zip(pairs, dealt, strict=True):
        image_set, parts = name.split(":")
        sides[side] = {"set": image_set, "parts": parts.split("+"), "dealt": of_split}
    return survival(manifests, sides, 0.95)


def test_fishers_exact_test_by_hand():
    """Tea tasting (Fisher 1935): 3 of 4 against 1 of 4 has p = 34/70."""
    found = compared({"tea": manifest(a=(4, 3), b=(4, 1))}, "tea:a", "tea:b")
    assert found["p"] == pytest.approx(34 / 70)
    assert found["unequal"] is False
    assert found["members"]["share"] == 0.75
    assert found["members"]["low"] == pytest.approx(0.1941, abs=1e-4)
    assert found["sentence"] == (
        "no difference in survival: 3 of 4 members (75.0 %) and 1 of 4 nonmembers (25.0 %) "
        "could be had (Fisher's exact test, p = 0.49)"
    )


def test_unequal_survival_is_said_at_laion_mis_size():
    web = manifest(member=(13396, 5894), nonmember=(26874, 17199))
    found = compared({"web": web}, "web:member", "web:nonmember")
    assert found["unequal"] is True and found["p"] < 1e-100
    assert found["sentence"].startswith("unequal survival: 5894 of 13396 members (44.0 %)")
    assert "p < 0.0001" in found["sentence"] and "may differ" in found["sentence"]


def test_the_parts_of_a_side_are_added_up_and_other_sets_are_read_from_their_own():
    manifests = {"one": manifest(a=(10, 9), b=(30, 21)), "two": manifest(a=(40, 30))}
    found = compared(manifests, "one:a+b", "two:a")
    assert (found["members"]["rows"], found["members"]["opened"]) == (40, 30)
    assert [part["share"] for part in found["members"]["parts"]] == [0.9, 0.7]
    assert [part["part"] for part in found["members"]["parts"]] == ["one:a", "one:b"]
    assert found["p"] == pytest.approx(1)


def test_a_side_of_which_nothing_was_asked_for():
    found = compared(
        {
            "a": manifest(p=(4, 3), q=(4, 0)).assign(
                status=lambda t: t["status"].where(t["part"] == "p", "excluded")
            )
        },
        "a:p",
        "a:q",
    )
    assert found["p"] is None and found["unequal"] is None
    assert found["sentence"] == "n/a: nothing was asked for of the nonmembers"


def test_parts_dealt_after_the_download_have_no_survival_of_their_own():
    found = compared({"web": manifest(a=(4, 4), b=(4, 1))}, "web:a", "web:b", (True, False))
    assert found["members"] is None and found["nonmembers"]["share"] == 0.25
    assert (found["p"], found["unequal"], found["sentence"]) == (None, None, DEALT)
