"""The section in plain words: every sentence stands alone, and none contradicts the answer."""

from __future__ import annotations

import re

import pytest

from grid_of_targets import PAGES
from mia.evaluation.answers import CANNOT_TELL, NO_SIGN, NOT_USED, USED, USED_UNLESS
from mia.report.pages import collection_answer, collection_limits
from mia.report.pages.collection_facts import CLAIMED, KNOWN, NEITHER, Facts, Standing
from mia.report.pages.collection_section import HEADINGS, section
from sentence_templates import printed, templates

# Words of the field that no sentence uses: a reader need not know them.
JARGON = re.compile(
    r"\b(AUC|FPR|TPR|p|gains?|control|baselines?|blind|verdict|members?|nonmembers?|attacks?|"
    r"exchangeable|null|SD|standard deviations?|confidence|power|significan\w+|threshold)\b"
)
OUT = Standing("loss", (3, 9), 200, ("0a", "0b"))
NONE = Standing("", (0, 0), 200)
NUMBERS = {"auc": 0.63, "auc_low": 0.58, "auc_high": 0.68, "headline_limit": 0.1, "tpr": 0.24}
GAIN = {"gain_bound": 0.03, "auc_control": 0.52}
GAIN |= {"auc_gain": 0.11, "auc_gain_low": 0.06, "auc_gain_high": 0.16}


def facts(answer=USED, verdict="FAIR", beforehand=CLAIMED, **more):
    """One target; others than fields of `Facts` are cells of its answer."""
    of = {"tests": 2, "baselines": True, "standing": OUT}
    of |= {name: more.pop(name) for name in list(more) if name in of}
    row = {"answer": answer, "attack": "loss", "size": 200, **NUMBERS, **more}
    return Facts(row, verdict, beforehand, confidence=0.95, **of)


def told(heading=None, **about):
    """The sentences under one heading, or all."""
    return " ".join(
        sentence
        for name, sentences in section(facts(**about))
        if heading in (None, name)
        for sentence in sentences
    )


SAID = {
    collection_answer: [
        ("Nothing is said about use: no model is asked here", told(tests=0)),
        ("Yes, as far as can be tested", told()),
        ("Yes, on one condition", told(answer=USED_UNLESS)),
        ("It cannot be told", told(answer=CANNOT_TELL)),
        ("There is no sign of use", told(answer=NO_SIGN)),
        ("No, as far as these tests can tell", told(answer=NOT_USED, **GAIN)),
        ("Somebody claims", told()),
        ("has learnt from this collection of images; the question is", told(beforehand=KNOWN)),
        ("from none of these images, so that any sign", told(beforehand=NEITHER)),
        ("A test gives each image a score", told()),
        ("Of 100 pairs of one image of the collection and one comparable image", told()),
        ("collection's image in 63 (allowing for luck, 58 to 68); guessing gives 50", told()),
        ("collection 24 pass a mark of the test that shows most (loss) that about 10", told()),
        ("The numbers that follow are no sign of use", told(answer=CANNOT_TELL)),
        ("By luck the highest of 2 tests may lie above 50", told(answer=NO_SIGN)),
        ("Of 1,000 images of the", told(headline_limit=0.001, tpr=0.0123)),
        ("(loss) that about 1 of 1,000 comparable", told(headline_limit=0.001, tpr=0.0123)),
        ("“At most 1 of 100” says", told(passing="loss")),
        ("“At most 5 of 100” says", told(gaining="loss", **GAIN)),
        (
            "“At most 1 of 100” and “At most 5 of 100” say",
            told(passing="loss", gaining="loss", **GAIN),
        ),
        ("no test prefers the collection's image in 3 more", told(answer=NOT_USED, **GAIN)),
        ("No number says how sure this is", told(answer=CANNOT_TELL)),
        ("theirs by luck in at most 1 of 100 cases, whichever of the 2", told(passing="loss")),
        ("cases, in the one test.", told(passing="loss", tests=1)),
        ("None of the 2 tests gives the collection surely", told(answer=NO_SIGN)),
        ("The one test does not give the collection", told(answer=NO_SIGN, tests=1)),
        ("1 of them (loss) found more in this model", told(gaining="loss", **GAIN)),
        (
            "7 of them (a, b, c, d, e and 2 more) found more in this model",
            told(gaining="a | b | c | d | e | f | g", **GAIN),
        ),
        ("in 11 more with this model than", told(gaining="loss", **GAIN)),
        ("in 2 fewer with this model", told(answer=NO_SIGN, **GAIN | {"auc_gain": -0.02})),
        ("in as many with this model as", told(answer=NO_SIGN, **GAIN | {"auc_gain": 0.001})),
        ("prefer the collection about as much in", told(answer=CANNOT_TELL, **GAIN)),
        ("image in 4 more of 100 pairs", told(answer=NO_SIGN, smallest_gain=0.04)),
        ("(200 images, where related ones count", told(answer=NO_SIGN, smallest_gap=0.25)),
        ("comparable one in 57 of 100 pairs", told(answer=NO_SIGN, smallest_gap=0.25)),
        ("of this size would have shown is not known", told(answer=NO_SIGN)),
    ],
    collection_limits: [
        ("were drawn by lot from the same images", told(verdict="BY DESIGN")),
        ("images alike, within a small margin", told()),
        ("could not show that the collection is like", told(verdict="UNDECIDED")),
        ("tell the collection from the comparable images", told(verdict="NOT FAIR")),
        ("so that nobody can check whether", told(verdict="UNKNOWN")),
        (
            "No check of images and captions alone was run",
            told(verdict="UNDECIDED", baselines=False),
        ),
        ("No test was tried on another model", told()),
        ("would give the same answer", told(answer=NOT_USED, **GAIN)),
        ("A weak sign, or the use of a few", told(answer=NO_SIGN)),
        ("The share is not asked", told(beforehand=KNOWN)),
        ("None: it is known beforehand", told(beforehand=NEITHER)),
        ("No share is told", told(answer=CANNOT_TELL)),
        ("too few images score above", told(share_at_least=0.0)),
        ("does not rest on flags of single images", told()),
        ("That every image of the collection was used", told()),
        ("without the condition that", told(answer=USED_UNLESS)),
        ("That these tests show that the collection was used, or", told(answer=CANNOT_TELL)),
        ("show that the collection was not used", told(answer=NO_SIGN)),
        ("That nothing was learnt", told(answer=NOT_USED, **GAIN)),
        ("images of one person, were used or were", told()),
        ("consent, copyright or damage", told()),
        ("About 42 of 100", told(share_used=0.42, share_low=0.3, share_high=0.55)),
        ("were used (between 30 and 55)", told(share_used=0.42, share_low=0.3, share_high=0.55)),
        ("This count assumes", told(share_used=0.42, share_low=0.3, share_high=0.55)),
        ("At least 8 of 100", told(share_at_least=0.08)),
        ("is a false alarm:", told(beforehand=NEITHER)),
        ("in 52 of 100 pairs, where guessing gives 50", told(gaining="loss", **GAIN)),
        ("No single image is named", told(verdict="NOT FAIR")),
        ("None of the 200 images of the collection can be named as used", told(standing=NONE)),
        ("sure in all images together", told(standing=NONE)),
        ("Of 200 images of the collection 3 stand out by the test loss; at most about 1", told()),
        ("collection 9 stand out by the test loss; at most about 1 in 5", told()),
        ("Here every such flag is wrong", told(beforehand=NEITHER)),
        ("The surest of them are 0a, 0b; each", told()),
        ("This page does not name them", told(standing=Standing("loss", (3, 9), 200))),
    ],
}


@pytest.mark.parametrize("module", SAID, ids=lambda module: module.__name__)
def test_every_sentence_is_listed_with_numbers_that_make_it_true(module):
    for sentence, text in SAID[module]:
        assert sentence in text, (sentence, text)
    unlisted = [
        template
        for template in templates(module)
        if not any(printed(template, text) for _, text in SAID[module])
    ]
    assert unlisted == []


def plain(case, page):
    """The section of a target of the grid that `test_page_agrees` draws."""
    verdict, _, _, _, _, claimed, neither, _ = case
    beforehand = CLAIMED if claimed else NEITHER if neither else KNOWN
    sections = section(Facts(page["row"], verdict, beforehand, 2, verdict != "UNKNOWN", 0.95, OUT))
    return {heading: " ".join(sentences) for heading, sentences in sections}


PLAIN = [(case, page, plain(case, page)) for case, page in PAGES]


def test_every_target_has_every_heading_and_no_word_of_the_field():
    for case, _, text in PLAIN:
        assert list(text) == list(HEADINGS), case
        for sentences in text.values():
            assert sentences and not JARGON.search(sentences), (case, JARGON.search(sentences))


def test_the_plain_answer_is_the_answer():
    for case, page, text in PLAIN:
        answer, told = page["answer"], text["Answer"]
        assert told.startswith(collection_answer.SAID[answer]), case
        assert ("“At most" in text["How sure"]) == (answer in (USED, USED_UNLESS)), case
        assert ("No number says" in text["How sure"]) == (answer == CANNOT_TELL), case
        assert ("stay unseen" in text["How sure"]) <= (answer == NO_SIGN), case
        if answer == NO_SIGN:
            assert "surely higher scores than" in text["How sure"], case
            assert "so much higher" not in text["How sure"], case
        if answer in (USED, USED_UNLESS):
            assert re.search("(?i)by luck (in|a test)", text["How sure"]), case
            assert page["row"]["gaining"] or "surely higher" not in text["How sure"], case


def test_what_speaks_against_it_tells_of_the_other_model_where_there_is_one():
    for case, page, text in PLAIN:
        told = text["What speaks against it"]
        asked_alone = not page["controlled"] and case[0] != "BY DESIGN"
        assert ("No test was tried on another model" in told) == asked_alone, case
        assert ("trusts that the other model" in told) == bool(page["row"]["gaining"]), case
        if not page["controlled"]:
            assert "another model" not in text["How sure"], case
        alarm = case[6] and not case[5] and page["answer"] in (USED, USED_UNLESS)
        assert ("false alarm:" in told) == alarm, case


def test_no_share_is_told_of_a_collection_that_is_not_called_used():
    for case, page, text in PLAIN:
        if page["answer"] != USED or not case[5]:
            assert not re.search(r"\d", text["What share"]), case


def test_a_target_without_a_model_says_nothing_of_use():
    assert section(facts(tests=0)) == [("Answer", [collection_answer.NOT_ASKED])]
