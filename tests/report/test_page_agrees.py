"""On a generated grid of targets, no sentence of a page contradicts another.

Each target goes through the real answer, findings, brief, conclusions and terminal.
"""

from __future__ import annotations

import re

import pytest

from grid_of_targets import PAGES
from mia.evaluation import reasons
from mia.evaluation.answer_rows import BETWEEN
from mia.evaluation.answers import CANNOT_TELL, NO_SIGN, NOT_USED, USED, USED_UNLESS
from mia.evaluation.reasons import FALSE_ALARM


def test_the_grid_reaches_every_answer():
    found = {page["answer"] for _, page in PAGES}
    assert found == {USED, USED_UNLESS, CANNOT_TELL, NO_SIGN, NOT_USED}


def test_never_no_sign_where_an_attack_passes():
    for case, page in PAGES:
        if page["answer"] == NO_SIGN:
            assert not page["passes"], case
            assert not (page["row"]["passing"] or page["row"]["gaining"]), case


def test_used_never_stands_beside_none_is_better_than_on_the_control():
    for case, page in PAGES:
        if page["answer"] in (USED, USED_UNLESS):
            told = " ".join([*page["reasons"], page["findings"], page["brief"], page["terminal"]])
            assert not re.search(r"[Nn]one (of \d attacks )?(is surely better|gains)", told), case
            assert "nothing here speaks about the model" not in told, case
            assert "Neither success nor failure" not in told, case
            assert "measure the sets, not the model" not in told, case


def test_findings_that_seem_to_say_otherwise_say_why():
    for case, page in PAGES:
        verdict, none = case[0], "chance allows by: none" in page["findings"]
        if verdict == "NOT FAIR":
            continue
        if page["answer"] in (USED, USED_UNLESS) and none and not page["row"]["gaining"]:
            assert "The answer rests on another test" in page["findings"], case
        if page["answer"] == NO_SIGN and not none:
            assert "The answer asks for more" in page["findings"], case
        if page["answer"] == NOT_USED and not none:
            assert "The control decides" in page["findings"], case


def test_a_control_is_told_of_everywhere_or_nowhere():
    for case, page in PAGES:
        gaining = bool(page["row"]["gaining"])
        told = " ".join(page["reasons"])
        assert ("No control model was given" in told) == (not page["controlled"]), case
        assert ("no control model" in page["terminal"]) == (not page["controlled"]), case
        assert ("Better on this model than on a control" in told) == gaining, case
        assert ("Better on this model than on the control" in page["findings"]) == gaining, case
        assert [row["attack"] for row in page["rows"] if row["gain"] == "yes"] == (
            page["row"]["gaining"].split(BETWEEN) if gaining else []
        ), case
        if page["controlled"] and page["answer"] == NO_SIGN:
            assert "a gain over the control of 0.040" in page["reasons"][-1 - bool(case[6])], case


def test_sets_that_differ_say_nothing_without_a_control_and_nothing_but_it_with_one():
    for case, page in PAGES:
        if case[0] == "NOT FAIR":
            assert ("Neither success nor failure" in page["findings"]) != page["controlled"], case
            assert page["controlled"] or page["answer"] == CANNOT_TELL, case
        if case[0] in ("NOT FAIR", "UNKNOWN") or page["by_design"]:
            assert "above every blind baseline" not in page["brief"], case


def test_what_one_may_conclude_is_not_what_the_answer_denies():
    for case, page in PAGES:
        can = page["words"]["can"]
        assert "above chance here reads the model" not in can, case
        if page["answer"] in (CANNOT_TELL, NOT_USED) and "most likely picks up" in can:
            assert "its gain over the control decides" in can, case
        if case[6]:
            assert "nothing that an attack finds here is memory" in can
            alarm = page["answer"] in (USED, USED_UNLESS)
            assert (FALSE_ALARM in page["reasons"]) == alarm, case
            assert (reasons.NEITHER in page["reasons"]) == (not alarm), case


def test_the_terminal_tells_the_same_answer_and_its_last_reason():
    for case, page in PAGES:
        assert f"answer   {page['answer']}" in page["terminal"], case
        assert page["reasons"][-1][:60] in page["terminal"], case
        assert page["row"]["answer"] == {row["answer"] for row in page["rows"]}.pop(), case


def test_the_wrong_way_round_is_no_pass():
    for case, page in PAGES:
        wrong = "The wrong way round by: loss" in page["findings"]
        assert wrong == (case[4] == "no"), case
        if any(told.startswith("Lower than the nonmembers by loss") for told in page["reasons"]):
            assert "loss" not in page["row"]["passing"], case


@pytest.mark.parametrize("part", ["findings", "brief", "terminal"])
def test_claimed_images_are_never_called_members(part):
    for case, page in PAGES:
        if case[5]:
            assert not re.search(r"\bmembers?\b", page[part]), (case, page[part])
