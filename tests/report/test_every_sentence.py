"""Every sentence on answers and findings, each with numbers that make it true.

`tests/report/test_every_sentence_of_sets.py` lists those on the two sets and on images;
`tests/report/test_page_agrees.py` holds that none contradicts another.
"""

from __future__ import annotations

import pandas as pd
import pytest

from mia.commands import terminal
from mia.evaluation import answers, reasons
from mia.evaluation.answer_rows import COLUMNS
from mia.evaluation.set_evidence import Evidence
from mia.report.pages import answers as page_answers
from mia.report.pages import blind_twin, findings
from sentence_templates import printed, templates


def why(verdict, passing=(), beyond=None, gaining=None, **more):
    """The answer and its reasons for two attacks that read the model."""
    more = {"reading": 2, "images": 200, "gain": None if gaining is None else 0.2, **more}
    more["tried"] = 0 if gaining is None else more["reading"]
    told = answers.answer(
        Evidence(verdict, passing=passing, beyond=beyond, gaining=gaining, **more)
    )
    return " ".join([answers.ANSWERS[told.answer], *told.reasons])


def row(name="loss", chance="yes", gain="n/a", blind="undecided", answer="", **more):
    """One row of the page's table."""
    about = {"attack": name, "above_chance": chance, "gain": gain, "above_blind": blind}
    return {**about, "answer": answer, "blind": False, "flags": [], "evals_alone": 2, **more}


def found(verdict, *rows):
    return findings.findings([*rows], verdict)


def brief(verdict, *rows):
    return findings.brief([*rows], verdict)


def facts(**numbers):
    """The facts that the page shows beside an answer."""
    about = {**dict.fromkeys(page_answers.NUMBERS), **numbers, "target": "t", "attack": "loss"}
    about |= {"answer": "Used", "members_are": "known", "reasons": "a", "share_note": ""}
    table = pd.DataFrame([about]).astype(dict.fromkeys(page_answers.NUMBERS, float))
    return str(page_answers.answer_context(table, "t")["facts"])


def twins(**p):
    """What stands beside the table of attacks with blind twins."""
    rows = [row(name, twin={"auc": 0.55, "r2": 0.4, "p": one}) for name, one in p.items()]
    return " ".join(blind_twin.twin_notes(rows))


def lines(**cells):
    """What the terminal says of one target."""
    row = dict.fromkeys(COLUMNS, "") | {"target": "t", "answer": "Used", "reasons": "a"} | cells
    return " ".join(terminal.of_target(row, "FAIR: b", 200))


NO = {"channels": []}
L, P = ("loss",), ("loss", "pia")
GAIN = {"auc_gain": 0.1, "auc_gain_low": 0.05, "auc_gain_high": 0.15, "auc_control": 0.52}
SAID = {
    answers: [
        ("a difference of the sets does not explain it", why("BY DESIGN", L)),
        ("but nothing shows that the sets are alike", why("UNDECIDED", L, L)),
        ("or miss, may be a difference of the sets", why("NOT FAIR", L)),
        ("No attack passes. A trace that is smaller", why("FAIR", beyond=())),
        ("gains less over it than the stated bound", why("FAIR", gaining=(), gain=0.02)),
    ],
    reasons: [
        ("there is nothing to find", why("BY DESIGN", neither=True)),
        ("this answer is a false alarm", why("BY DESIGN", L, neither=True)),
        ("would have shown is not known", why("FAIR", beyond=())),
        ("Without an attack that reads the model", why("FAIR", reading=0)),
        ("2 of 2 attacks score the members higher", why("FAIR", P, ())),
        ("None of 2 attacks scores the members higher", why("FAIR", beyond=())),
        ("by pia, which is no trace of use. There the", why("BY DESIGN", lower=("pia",))),
        ("The sets differ, or the sides are swapped", why("FAIR", lower=("pia",))),
        ("finds is no objection", why("BY DESIGN", L)),
        ("No blind baseline was run, so", why("UNKNOWN", L)),
        ("baselines foresee is found by: loss", why("FAIR", L, L)),
        ("None of 2 attacks surely finds more", why("FAIR", L, ())),
        ("as foretold without the model: loss", why("UNDECIDED", L, L, over_twin=P)),
        ("does as well, or too nearly so to tell: loss", why("FAIR", L, L, over_twin=())),
        ("No control model was given", why("FAIR", L, L)),
        ("on a control that saw neither set: loss", why("NOT FAIR", L, gaining=L)),
        ("surely better by 0.01 in AUC", why("FAIR", L, gaining=())),
        ("below 0.020 in AUC, so that", why("BY DESIGN", L, gaining=(), gain=0.02)),
        ("is sure, and none is ruled out", why("BY DESIGN", L, gaining=(), gain=0.2)),
        ("this shows on the model", why("NOT FAIR", L, gaining=L)),
        ("Nothing but the training", why("BY DESIGN", L)),
        ("in all that the baselines look at", why("FAIR", L, L)),
        ("neither shown to be alike nor", why("UNDECIDED", L, L)),
        ("would tell memory from a difference", why("UNDECIDED", L, L)),
        ("they find on the control too", why("FAIR", L, gaining=())),
        ("separates that difference from memory", why("NOT FAIR", L, ())),
        ("may read a difference of the sets.", why("UNKNOWN", L)),
        ("may read how easy the images are", why("UNDECIDED", L, L, over_twin=())),
        ("what the blind baselines read: a difference", why("FAIR", L, ())),
        ("a gain over the control of 0.040", why("NOT FAIR", gaining=(), smallest_gain=0.04)),
        ("of 0.25 standard deviations, an AUC of about 0.57", why("FAIR", smallest_gap=0.25)),
        ("A smaller trace is not ruled out", why("FAIR", smallest_gap=0.25)),
        ("the gains are 0.020 at most", why("FAIR", gaining=(), gain=0.02)),
        ("would say the same", why("FAIR", gaining=(), gain=0.02)),
    ],
    findings: [
        ("No attack here reads the model", found("FAIR")),
        ("('1 attack on the model', 'loss; 2 evals", str(findings.tested([row()], NO))),
        ("2 attacks on the model", str(findings.tested([row(), row("pia")], NO))),
        ("more often than chance allows by: loss", found("FAIR", row())),
        ("The wrong way round by: pia", found("FAIR", row("pia", "no"))),
        ("Better on this model than on the control: loss", found("NOT FAIR", row(gain="yes"))),
        ("Nothing else here says anything", found("NOT FAIR", row(gain="yes"))),
        ("Apart from the comparison", found("NOT FAIR", row(gain="undecided"))),
        ("Neither success nor failure", found("NOT FAIR", row())),
        ("No blind baseline was run", found("UNKNOWN", row(blind="n/a"))),
        ("above that of every blind baseline: loss", found("FAIR", row(blind="yes"))),
        ("No blind baseline can clear", found("UNDECIDED", row())),
        ("asks for more: p of at most 1 %", found("FAIR", row(answer=answers.NO_SIGN))),
        ("The control decides", found("FAIR", row(gain="undecided", answer=answers.NOT_USED))),
        (
            "The answer rests on another test",
            found("BY DESIGN", row(chance="undecided", answer=answers.USED)),
        ),
        ("measure the sets, not the model", brief("NOT FAIR", row())),
        ("measure the sets; none gains over", brief("NOT FAIR", row(gain="undecided"))),
        ("Of 1 attacks on the model, 1 ranked members higher", brief("FAIR", row())),
        ("none surely above every blind baseline", brief("FAIR", row())),
        ("1 gains over the control", brief("UNDECIDED", row(gain="yes"))),
        ("2 gain over the control", brief("UNDECIDED", row(gain="yes"), row(gain="yes"))),
    ],
    blind_twin: [
        ("may read nothing but which images are easy", twins(loss=0.003)),
        ("Surely better than their blind twin: loss.", twins(loss=0.003, pia=0.2)),
        ("Surely better than their blind twin: none.", twins(pia=0.2)),
    ],
    page_answers: [
        ("'Gain over the control', '+0.100', '+0.050 to +0.150", facts(**GAIN)),
        ("on the control the AUC is 0.520", facts(**GAIN)),
        ("'Images that would do', '40', 'pass four times", facts(images_needed=40, size=200)),
        ("by that attack alone; here are 200", facts(images_needed=40, size=200)),
    ],
    terminal: [
        ("none: no attack reads the model", lines()),
        ("no control model", lines()),
        (
            "+0.10 [+0.05 to +0.15] over the control",
            lines(auc_gain="0.1", auc_gain_low="0.05", auc_gain_high="0.15"),
        ),
    ],
}


@pytest.mark.parametrize("module", SAID, ids=lambda module: module.__name__)
def test_every_sentence_is_listed_with_numbers_that_make_it_true(module):
    for sentence, text in SAID[module]:
        assert sentence in text
    names = {*answers.ANSWERS}
    unlisted = [
        template
        for template in templates(module)
        if template not in names and not any(printed(template, text) for _, text in SAID[module])
    ]
    assert unlisted == []


def test_a_sentence_that_nobody_lists_is_noticed():
    assert any("is surely better by {} in AUC" in one for one in templates(reasons))
    assert not printed("Nothing of the {} kind is told.", "Nothing of this is told.")
    assert printed("Of {} attacks, {} pass.", "See: Of 3 attacks, none pass. So")
