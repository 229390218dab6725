"""Why a collection gets its answer, in sentences: facts, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mia.claimed import MEMBERS, as_claimed
from mia.evaluation.gain import LEAST
from mia.evaluation.set_evidence import Evidence
from mia.excerpt import listed

# The last reason stands alone in the terminal, so that each names what it speaks of.
CONTROL_WOULD = (
    "The same attacks on a comparable model that saw neither set would tell memory from a "
    "difference of the sets."
)
DIFFERENT = "NOT FAIR"
NAMED = 5  # attacks that a sentence names; the others are counted, and named in tables/answers.csv
NEITHER = "The model was trained on neither set, so there is nothing to find."
NOT_KNOWN = "How large a trace these images would have shown is not known."
FALSE_ALARM = "The model was trained on neither set, so this answer is a false alarm."


def facts(e: Evidence) -> list[str]:
    """Return what was found, one fact a sentence, whatever follows from it."""
    if not e.reading:
        return ["No attack here reads the model."]
    told = [
        f"{_of(e.passing, e)} higher than the nonmembers on average: {_names(e.passing)}."
        if e.passing
        else f"{_none(e)} scores the {MEMBERS} higher than the nonmembers on average, so surely "
        "that chance gives it in one of a hundred collections."
    ]
    if e.lower:
        why = (
            "There the attack reads this model the wrong way round."
            if e.verdict == "BY DESIGN"
            else "The sets differ, or the sides are swapped."
        )
        told.append(
            f"Lower than the nonmembers by {_names(e.lower)}, which is no trace of use. {why}"
        )
    told += _of_baselines(e)
    told += _of_twins(e)
    told.append(_of_control(e))
    return [as_claimed(sentence) for sentence in told] if e.claimed else told


def _of_baselines(e: Evidence) -> list[str]:
    if e.verdict == "BY DESIGN":
        return ["Chance alone made the two sets, so what a blind baseline finds is no objection."]
    if e.beyond is None:
        return ["No blind baseline was run, so nothing says how far the sets differ."]
    if e.beyond:
        return [f"More than the blind baselines foresee is found by: {_names(e.beyond)}."]
    return [f"{_none(e)} surely finds more than the blind baselines foresee."]


def clear_of_twin(e: Evidence) -> list[str]:
    """Return the attacks beyond the baselines that are above their twins, all if none has one."""
    beyond = e.beyond or ()
    return [name for name in beyond if e.over_twin is None or name in e.over_twin]


def _of_twins(e: Evidence) -> list[str]:
    """Say of the attacks beyond the baselines which are above their twins, where that counts."""
    if e.over_twin is None or e.gaining is not None or not e.beyond:
        return []
    if above := clear_of_twin(e):
        return [f"Above its own scores as foretold without the model: {_names(above)}."]
    return [
        "What images, files and captions foretell of their scores does as well, or too nearly so "
        f"to tell: {_names(e.beyond)}."
    ]


def _of_control(e: Evidence) -> str:
    if e.gaining is None:
        return "No control model was given."
    if e.gaining:
        return f"Better on this model than on a control that saw neither set: {_names(e.gaining)}."
    if e.verdict == "BY DESIGN" and (e.passing or e.beyond):
        return _both(e)
    return (
        f"None of {e.tried} attacks is surely better by {LEAST:g} in AUC on this model than on the "
        "control."
    )


def _both(e: Evidence) -> str:
    """Name the pass and the gain in one sentence, where chance made the sets."""
    gains = (
        f"all of its gains over the control lie below {e.gain:.3f} in AUC, so that the trace is "
        "small, or the pass is the luck of one split in a hundred"
        if e.gain is not None and e.gain < e.bound
        else "no gain over the control is sure, and none is ruled out"
    )
    return f"A pass is enough where chance made the sets; {gains}."


def used(e: Evidence) -> list[str]:
    """Say why a difference of the sets does not explain what was found."""
    if e.gaining:
        return [
            "A difference of the sets alone would show on the control as well, as far as the "
            "control is like this model; this shows on the model."
        ]
    if e.verdict == "BY DESIGN":
        return ["Nothing but the training tells the two sets apart."]
    return ["The sets are alike, up to the margin, in all that the baselines look at."]


def used_unless(e: Evidence) -> list[str]:
    """Say what is left open, and what would close it."""
    return [
        "The sets are neither shown to be alike nor shown to differ. A difference that no baseline "
        "sees would look the same.",
        CONTROL_WOULD,
    ]


def cannot_tell(e: Evidence) -> list[str]:
    """Say what is missing."""
    if not e.reading:
        return ["Without an attack that reads the model, nothing can be said about it."]
    if e.gaining is not None:
        return ["What the attacks find here they find on the control too, or too nearly to tell."]
    if e.verdict == DIFFERENT:
        return [
            "The sets differ, and nothing here separates that difference from memory.",
            CONTROL_WOULD,
        ]
    if e.beyond is None:
        return ["The attacks may read a difference of the sets."]
    if e.beyond and e.verdict in ("FAIR", "UNDECIDED"):
        return [
            "The attacks may read how easy the images are, and the sets may differ in that.",
            CONTROL_WOULD,
        ]
    return ["The attacks may read what the blind baselines read: a difference of the sets."]


def no_sign(e: Evidence) -> list[str]:
    """Say which trace these images would have shown: a gain where a control decides, else a gap."""
    told = []
    if e.smallest_gain is not None:
        told.append(
            f"These {e.images} images would have shown, four times in five, a gain over the "
            f"control of {e.smallest_gain:.3f} in AUC."
        )
    if e.smallest_gain is None or e.verdict == "BY DESIGN":
        told += _smallest_gap(e)
    return [" ".join([*told, "A smaller trace is not ruled out."])] if told else [NOT_KNOWN]


def _smallest_gap(e: Evidence) -> list[str]:
    if e.smallest_gap is None:
        return []
    return [
        f"These {e.images} images would have shown, four times in five, a difference of "
        f"{e.smallest_gap:.2f} standard deviations, an AUC of about "
        f"{auc_of_gap(e.smallest_gap):.2f}."
    ]


def auc_of_gap(gap: float) -> float:
    """Return the AUC of two normal laws whose means lie so many standard deviations apart.

    >>> round(auc_of_gap(0.5), 2)
    0.64
    """
    return (1 + math.erf(gap / 2)) / 2


def not_used(e: Evidence) -> list[str]:
    """Say the bound that every gain keeps."""
    return [
        f"What the model adds is less than {e.bound:g} in AUC for every attack that was tried on a "
        f"control: the upper ends of the gains are {e.gain:.3f} at most.",
        "An attack that cannot find any training image of this model would say the same.",
    ]


def _of(names: Sequence[str], e: Evidence) -> str:
    verb = "scores" if len(names) == 1 else "score"
    return f"{len(names)} of {e.reading} attacks {verb} the {MEMBERS}"


def _none(e: Evidence) -> str:
    return f"None of {e.reading} attacks"


def _names(names: Sequence[str]) -> str:
    return listed(names, NAMED)
