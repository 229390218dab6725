"""What share, what speaks against an answer, single images, and what must not be claimed.

For a reader who knows none of the field's words, as in `mia.report.pages.collection_answer`.
*Checks of images and captions alone* are the blind baselines.
"""

from __future__ import annotations

from mia.evaluation.answers import (
    ALIKE,
    CANNOT_TELL,
    EXCHANGEABLE,
    NO_SIGN,
    NOT_USED,
    OPEN,
    USED,
    USED_UNLESS,
)
from mia.evaluation.detections import RATES
from mia.evaluation.reasons import DIFFERENT
from mia.report.pages.collection_answer import AS_WELL
from mia.report.pages.collection_facts import ANOTHER, CLAIMED, KNOWN, NEITHER, Facts, hundredth

CHECKS = "Checks of images and captions alone, which never use the model,"
SETS = {
    EXCHANGEABLE: "The choice of the images does not speak against it: the collection and the "
    "comparable images were drawn by lot from the same images, and differ by luck alone.",
    ALIKE: f"{CHECKS} find the collection and the comparable images alike, within a small margin; "
    "a difference that these checks do not look at could look like use, or hide it.",
    OPEN: f"{CHECKS} could not show that the collection is like the comparable images, nor that it "
    "differs from them; a difference could look like use, or hide it.",
    DIFFERENT: f"{CHECKS} tell the collection from the comparable images; that difference may "
    "look like use, or hide it.",
}
UNKNOWN = (
    "The images are not known here, so that nobody can check whether those compared are alike."
)
UNCHECKED = (
    "No check of images and captions alone was run, so that nothing says how far the collection "
    "differs from the comparable images."
)
ALONE = (
    f"No test was tried on {ANOTHER}; that would help to tell use from a mere difference between "
    "the collection and the comparable images."
)
WEAK = {
    NOT_USED: "Tests that are too weak to find any image that this model has learnt from would "
    "give the same answer.",
    NO_SIGN: "A weak sign, or the use of a few of the images, does not show in a collection of "
    "this size.",
}
SHARE = {
    KNOWN: "The share is not asked: it is known beforehand that the model has learnt from this "
    "collection.",
    NEITHER: "None: it is known beforehand that the model has learnt from none of these images.",
    CLAIMED: "No share is told, as the answer is not “Used”.",
}
NO_SHARE = "What share was used cannot be told: too few images score above a test's mark."
TOGETHER = "A sign of use may be sure in all images together and too weak in each one."
NOT_OF_ALL = "The answer about the whole collection does not rest on flags of single images."
NEVER = {
    USED: [
        "That every image of the collection was used: the answer is about the whole, and part of "
        "it may be unused."
    ],
    USED_UNLESS: [
        "That the collection was used, without the condition that goes with this answer."
    ],
    CANNOT_TELL: ["That these tests show that the collection was used, or that it was not."],
    NO_SIGN: [
        "That these tests show that the collection was not used: a sign may be too weak for so few "
        "images."
    ],
    NOT_USED: [
        "That nothing was learnt from the collection: better tests may find what these miss."
    ],
}
NEVER_AT_ALL = [
    "That one particular image, or the images of one person, were used or were not.",
    "Anything about another model, or about consent, copyright or damage.",
]


def share(of: Facts) -> list[str]:
    """Return how much of the collection was used, or why that is not told."""
    if of.beforehand != CLAIMED or of.answer != USED:
        return [SHARE[of.beforehand]]
    if of.has("share_used"):
        value, low, high = (hundredth(of.number(f"share_{end}")) for end in ("used", "low", "high"))
        return [
            f"About {value} of 100 images of the collection were used (between {low} and {high}).",
            "This count assumes that used images of the collection score above a test's mark as "
            "often as other images that the model has certainly learnt from, and unused ones as "
            "seldom as comparable images.",
        ]
    if of.has("share_at_least") and of.number("share_at_least") >= 0.005:
        return [
            f"At least {hundredth(of.number('share_at_least'))} of 100 images of the collection "
            "were used, if unused ones score above a test's mark as seldom as comparable images. "
            "Luck is taken off that number. How many more were used cannot be told."
        ]
    return [NO_SHARE]


def against(of: Facts) -> list[str]:
    """Return what speaks against the answer, the sets of images first."""
    told = []
    if of.used and of.beforehand == NEITHER:
        told.append("This answer is a false alarm: the model has learnt from none of these images.")
    if of.verdict not in SETS:
        told.append(UNKNOWN)
    else:
        checked = of.baselines or of.verdict == EXCHANGEABLE
        told.append(SETS[of.verdict] if checked else UNCHECKED)
    if of.named("gaining"):
        told.append(
            "The answer trusts that the other model, which has seen none of these images, is "
            f"otherwise like this one. With it {of.surest} gives the higher score to the "
            f"collection's image in {hundredth(of.number('auc_control'))} of 100 pairs, where "
            "guessing gives 50."
        )
    elif of.controlled and of.answer not in (NO_SIGN, CANNOT_TELL):
        told.append(AS_WELL)
    elif not of.controlled and of.verdict != EXCHANGEABLE:
        told.append(ALONE)
    if of.answer in WEAK:
        told.append(WEAK[of.answer])
    return told


def single(of: Facts) -> list[str]:
    """Return how many images stand out, at stated rates of false flags, and what a flag means."""
    if of.verdict == DIFFERENT or of.answer == CANNOT_TELL:
        return [
            "No single image is named: one may stand out by a difference between the collection "
            "and the comparable images."
        ]
    out, (few, more) = of.standing, (f"about 1 in {1 / rate:.0f}" for rate in RATES)
    if not out.attack:
        none = (
            f"None of the {out.asked} images of the collection can be named as used, even if "
            f"{more} names may be wrong."
        )
        return [none, TOGETHER] if of.used else [none]
    told = [
        f"Of {out.asked} images of the collection {number} stand out by the test {out.attack}; at "
        f"most {rate} of these flags is expected to be wrong, if the collection is like the "
        "comparable images in all but use."
        for number, rate in zip(out.numbers, (few, more), strict=True)
        if number
    ]
    if of.beforehand == NEITHER:
        told.append("Here every such flag is wrong: the model has learnt from none of the images.")
    told.append(
        f"The surest of them are {', '.join(out.first)}; each of these names is a key in the table "
        "of images."
        if out.first
        else "This page does not name them."
    )
    return [*told, NOT_OF_ALL]


def never(of: Facts) -> list[str]:
    """Return what must not be claimed."""
    return [*NEVER[of.answer], *NEVER_AT_ALL]
