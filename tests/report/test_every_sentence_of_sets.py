"""Every sentence on the two sets and on single images, each with numbers that make it true."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from drawn_channels import drawn
from mia.audit import reach, remarks, verdict
from mia.audit.channels import channels_of
from mia.evaluation import detections, practice, set_test
from mia.report.pages import detections as page_detections
from mia.report.pages import practice as page_practice
from mia.report.pages import privacy, verdict_texts
from mia.report.pages import set_test as page_set_test
from sentence_templates import printed, templates


def judged(*aucs, n=1000, by_design=False, margin=0.03):
    """The sentence of the verdict on sets whose blind baselines have these true AUCs."""
    channels = channels_of(drawn(aucs, n, np.random.default_rng(0)), 0.95)
    return verdict.verdict(channels, margin, by_design, n, n)[1]


def remarked(verdict="FAIR", here=True, failed=(), captions=0.0, without=()):
    seen = {name: {"low": 0.6, "high": 0.7} for name in failed}
    return " ".join(remarks.remarks(verdict, here, "none", {}, seen, captions, without))


def concluded(verdict, control=False):
    return " ".join(verdict_texts.conclusions(verdict, control).values())


def passed(p, access="grey-box"):
    """What heads the test of a collection."""
    row = {"target": "t", "attack": "loss", "access": access, "note": "", "p": p, "p_family": p}
    table = pd.DataFrame([{**dict.fromkeys(page_set_test.COLUMNS), **row}])
    table = table.astype(dict.fromkeys(page_set_test.COLUMNS, float))
    return page_set_test.collection(table, "t", "FAIR")["passed"]


def named(verdict, named=()):
    """What heads the list of named images, and its rows' notes."""
    members = np.arange(200) < 100
    score = members * 4.0 * bool(named) + np.random.default_rng(0).normal(size=200)
    table = pd.DataFrame({"score": score, "member": members, "group": range(200), "block": 0})
    rows = detections.detection_rows("t", {"loss": table}, verdict)
    frame = pd.DataFrame(rows, columns=detections.COLUMNS)
    told = page_detections.detections(frame, "t", verdict, ["loss"], 100)
    return " ".join([told["answer"], *told["notes"]])


AUCS = {"a": 0.8, "b": 0.7}


def in_practice():
    """Notes below the table of predictive values, and those of their rows."""
    tpr = [{"limit": 0.1, "value": 0.5, "low": 0.4, "high": 0.6, "fpr": 0.1}]
    rng, member = np.random.default_rng(0), np.arange(400) < 200
    about = {"member": member, "group": range(400), "block": 0}
    tables = {
        name: pd.DataFrame({"score": rng.normal(size=400) + member, **about}) for name in "ab"
    }
    summary = [{"attack": name, "auc": auc, "n_nonmember": 200} for name, auc in AUCS.items()]
    long = [
        *(
            {"target": "t", "attack": "a", **one}
            for one in practice.predictive_values(tpr, 200, 0.1)
        ),
        *practice.overlap_row("t", tables, summary),
    ]
    rows = [
        {"attack": name, "blind": False, "above_chance": said, "auc": (auc, auc - 0.1, auc + 0.1)}
        for name, said, auc in (("a", "yes", 0.8), ("b", "undecided", 0.55))
    ]
    frame = pd.DataFrame(long)
    told = page_practice.practice(frame.astype({"value": str}), "t", rows)
    return " ".join([*told["notes"], *frame["note"]])


def bounded(**values):
    rows = [
        {"target": "t", "attack": name, "metric": "epsilon_together", "value": value, "note": ""}
        for name, value in values.items()
    ]
    columns = ["target", "attack", "metric", "limit", "value", "n", "note"]
    return privacy.privacy(pd.DataFrame(rows, columns=columns), "t", (), 1e-5)["answer"]


SAID = {
    verdict: [
        ("NOT FAIR: the two sets can be told apart without the model: blind", judged(0.7)),
        ("BY DESIGN: both sets are random parts of one", judged(0.5, by_design=True)),
        ("is neither inside nor outside 0.50 ± 0.03", judged(0.55, n=300)),
        ("by more than the margin: blind AUC", judged(0.5, margin=0.1)),
        ("beyond chance, but not beyond the margin: 0", judged(0.58, margin=0.15)),
        ("UNDECIDED: no blind baseline", judged()),
    ],
    reach: [
        ("every blind AUC lies within 0.5 ±", judged(0.5)),
        ("no number of images meets the margin if 0 stays", judged(0.55, n=300)),
        ("a side would meet the margin with 80 % power, if", judged(0.5, n=300)),
        ("so few images call no blind AUC NOT FAIR", judged(0.5, n=4)),
        ("with 80 % power these images would have shown a", judged(0.5, n=300)),
    ],
    remarks: [
        ("Membership was not made here", remarked(here=False)),
        ("Being above the blind baselines proves nothing", remarked("UNDECIDED")),
        ("12 % of the images bear a caption that both", remarked(captions=0.12)),
        ("Left out: blind_source, as no image of", remarked(without=["blind_source"])),
        ("The self-test failed: image told members", remarked(failed=["image"])),
    ],
    verdict_texts: [
        ("What speaks about the model is the gain", concluded("FAIR")),
        ("An attack that finds more than they foresee", concluded("FAIR")),
        ("An attack that passes the test of the", concluded("BY DESIGN")),
        ("neither clear the two sets nor convict them", concluded("UNDECIDED")),
        ("There are scores alone and no images", concluded("UNKNOWN")),
        ("From an AUC alone, anything about", concluded("NOT FAIR")),
        ("nothing that an attack finds here is memory", concluded("FAIR", control=True)),
    ],
    set_test: [
        ("sets apart too, beyond chance", set_test.doubt([0.001])),
        ("by itself, not after 4 tries", set_test.doubt([0.03, 0.5])),
    ],
    page_set_test: [
        ("1 of 1 attacks on the model pass.", passed(0.01)),
        ("0 of 1 attacks on the model pass.", passed(0.02)),
        ("Not asked: no attack here reads the model", passed(0.01, "model-free")),
    ],
    detections: [
        ("rate is of this attack alone", named("FAIR", L := ("loss",))),
        ("and holds only if the sets are alike", named("UNDECIDED", L)),
    ],
    page_detections: [
        ("None, whichever attack is read.", named("FAIR")),
        ("of 100, by loss.", named("FAIR", L)),
        ("None can be: the sets differ.", named("NOT FAIR", L)),
    ],
    practice: [
        ("among called images, if 10 % of those", TOLD := in_practice()),
        ("members that it and b both find", TOLD),
    ],
    page_practice: [
        ("Overlap of the two strongest attacks at", TOLD),
        ("the AUC of a on the others lies from 0.800 to", TOLD),
        ("upper end of its range: b 0.650", TOLD),
    ],
    privacy: [
        ("None can be given here.", bounded()),
        ("no attack proves more than ε ≥ 0, at δ = 1e-05", bounded(loss=0.0)),
        ("ε is at least 0.70 at δ = 1e-05, by pia;", bounded(loss=0.2, pia=0.7)),
        ("the bounds of all 2 attacks hold at once", bounded(loss=0.2, pia=0.7)),
    ],
}


@pytest.mark.parametrize("module", SAID, ids=lambda module: module.__name__)
def test_every_sentence_is_listed_with_numbers_that_make_it_true(module):
    for sentence, text in SAID[module]:
        assert sentence in text, text
    unlisted = [
        template
        for template in templates(module)
        if not any(printed(template, text) for _, text in SAID[module])
    ]
    assert unlisted == []


def test_of_members_that_are_none_nothing_is_said_of_wrong_labels():
    """On a target whose model saw neither side every member is one that was never trained on."""
    long = pd.DataFrame(columns=["target", "attack", "metric", "limit", "value", "note"])
    row = {"attack": "a", "blind": False, "above_chance": "yes", "auc": (0.6, 0.5, 0.7)}
    for control in (False, True):
        told = page_practice.practice(long, "t", [row], control)["notes"]
        assert any("never trained on" in note for note in told) != control
