"""Was this collection used, and how sure is that? For a reader who knows none of the field's words.

Each sentence stands alone: what a word means is said where it is used. A *test* is an attack,
*another model* a control. Numbers are counts of 100 images, pairs of images, or cases.
"""

from __future__ import annotations

from mia.evaluation.answers import CANNOT_TELL, EXCHANGEABLE, NO_SIGN, NOT_USED, USED, USED_UNLESS
from mia.evaluation.reasons import NAMED, auc_of_gap
from mia.evaluation.set_test import LEVEL
from mia.excerpt import listed
from mia.report.pages.collection_facts import (
    ANOTHER,
    CLAIMED,
    KNOWN,
    NEITHER,
    Facts,
    hundredth,
    level,
)

SAID = {
    USED: "Yes, as far as can be tested: the model treats the collection like images that it has "
    "learnt from, and no other reason that was looked for explains it.",
    USED_UNLESS: "Yes, on one condition: the model treats the collection like images that it has "
    "learnt from, unless the collection differs from the comparable images in a way that no check "
    "here sees.",
    CANNOT_TELL: "It cannot be told: what the tests find, or miss, may come from a difference "
    "between the collection and the comparable images, and not from what the model has learnt.",
    NO_SIGN: "There is no sign of use: no test shows that the model treats the collection "
    "differently from comparable images that were not used.",
    NOT_USED: f"No, as far as these tests can tell: they find hardly more in this model than in "
    f"{ANOTHER}.",
}
NOT_ASKED = "Nothing is said about use: no model is asked here, and only images are compared."
BEFOREHAND = {
    CLAIMED: "Somebody claims that the model has learnt from this collection of images; the tests "
    "do not take that for granted.",
    KNOWN: "This is a trial of the tests: it is known that the model has learnt from this "
    "collection of images; the question is whether the tests notice it.",
    NEITHER: "This is a trial of the tests: it is known that the model has learnt from none of "
    "these images, so that any sign of use would be a false alarm.",
}
AS_WELL = (
    f"The tests prefer the collection about as much in {ANOTHER}, or the two models are too near "
    "each other to tell."
)
NO_NUMBER = (
    "No number says how sure this is: luck is not the question. A difference between the "
    "collection and the comparable images would raise or lower scores just as use does."
)
NO_SIGN_OF_USE = "The numbers that follow are no sign of use, as what speaks against it says."
A_TEST = (
    "A test gives each image a score, which is higher where the model treats the image like one "
    "that it has learnt from."
)


def said(of: Facts) -> list[str]:
    """Return the answer, and what the surest test finds."""
    if not of.tests:
        return [NOT_ASKED]
    told = [SAID[of.answer]]
    if of.answer == CANNOT_TELL and of.controlled:
        told.append(AS_WELL)
    told.append(BEFOREHAND[of.beforehand])
    if not of.has("auc"):
        return told
    auc, low, high = (hundredth(of.number(f"auc{end}")) for end in ("", "_low", "_high"))
    told += [NO_SIGN_OF_USE] * (of.answer == CANNOT_TELL)
    told += [
        A_TEST,
        f"Of 100 pairs of one image of the collection and one comparable image that was not used, "
        f"{of.surest} gives the higher score to the collection's image in {auc} (allowing for "
        f"luck, {low} to {high}); guessing gives 50.",
    ]
    if of.answer == NO_SIGN and of.tests > 1 and of.number("auc_low") > 0.5:
        told.append(
            f"By luck the highest of {of.tests} tests may lie above 50, so this is no sign of use."
        )
    if of.has("tpr"):
        limit = of.number("headline_limit")
        some = max(100, round(1 / limit))
        marked = f"{some * of.number('tpr'):.0f}"
        told.append(
            f"Of {some:,} images of the collection {marked} pass a mark of {of.surest} that about "
            f"{some * limit:.0f} of {some:,} comparable images pass too, though they were not "
            "used: passing it says little about one image."
        )
    return told


def how_sure(of: Facts) -> list[str]:
    """Return how often luck would give the answer, or what these images would have shown."""
    if of.answer == CANNOT_TELL:
        return [NO_NUMBER, *_difference(of)]
    told = [*_luck(of), *_difference(of)]
    if of.used:
        rates = [LEVEL] * bool(of.named("passing") or not of.named("gaining"))
        rates += [_rate(of)] * bool(of.named("gaining"))
        said = " and ".join(f"“At most {level(rate)} of 100”" for rate in rates)
        says, it = ("say", "neither says") if len(rates) > 1 else ("says", "it does not say")
        told.append(
            f"{said} {says} how rarely a collection that was not used gets such a result; {it} how "
            "likely it is that this one was used."
        )
    elif of.answer == NOT_USED:
        told.append(
            f"With all that so few images leave open, no test prefers the collection's image in "
            f"{level(of.number('gain_bound'))} more of 100 pairs with this model than with "
            f"{ANOTHER}."
        )
    else:
        told += _smallest(of)
    return told


def _luck(of: Facts) -> list[str]:
    """Say what luck alone would have given."""
    several, luck = of.tests > 1, level(LEVEL)
    if of.named("passing"):
        which = f"whichever of the {of.tests} tests one looks at" if several else "in the one test"
        told = [
            "A collection that was not used, and is like the comparable images, gets scores so "
            f"much higher than theirs by luck in at most {luck} of 100 cases, {which}."
        ]
    else:
        none = f"None of the {of.tests} tests gives" if several else "The one test does not give"
        told = [
            f"{none} the collection surely higher scores than the comparable images: that would "
            "take scores that a collection that was not used gets by luck in at most "
            f"{luck} of 100 cases."
        ]
    if gaining := of.named("gaining"):
        told.append(
            f"The same tests were run on {ANOTHER}: {len(gaining)} of them "
            f"({listed(gaining, NAMED)}) found more in this model. By luck a test finds so much "
            f"more in one of the two in at most {level(_rate(of))} of 100 cases, whichever test "
            "one looks at."
        )
    return told


def _difference(of: Facts) -> list[str]:
    """Say how much more the test that shows most finds than in another model."""
    if not of.has("auc_gain"):
        return []
    gain, *ends = (round(100 * of.number(f"auc_gain{end}")) for end in ("", "_low", "_high"))
    low, high = (f"{end:+d}".replace("-", "−") for end in ends)
    more = f"in {abs(gain)} {'more' if gain > 0 else 'fewer'}" if gain else "in as many"
    than = "than" if gain else "as"
    return [
        f"Of 100 pairs of one image of the collection and one comparable image, {of.surest} gives "
        f"the higher score to the collection's image {more} with this model {than} with {ANOTHER} "
        f"(allowing for luck, {low} to {high})."
    ]


def _rate(of: Facts) -> float:
    """Return how often luck alone gives a gain over a control."""
    return 1 - of.confidence


def _smallest(of: Facts) -> list[str]:
    """Say how weak a sign of use these images would have shown."""
    told = []
    noticed = (
        f"In a collection of this size ({of.number('size'):.0f} images, where related ones count "
        "as one) use is noticed in 4 of 5 cases if it makes a test prefer the collection's image"
    )
    weaker = "a weaker sign may stay unseen."
    if of.has("smallest_gain"):
        told.append(
            f"{noticed} in {hundredth(of.number('smallest_gain'))} more of 100 pairs with this "
            f"model than with {ANOTHER}; {weaker}"
        )
    if of.has("smallest_gap") and (not told or of.verdict == EXCHANGEABLE):
        told.append(
            f"{noticed} to a comparable one in {hundredth(auc_of_gap(of.number('smallest_gap')))} "
            f"of 100 pairs; {weaker}"
        )
    return told or ["How weak a sign a collection of this size would have shown is not known."]
