"""Was a collection used? The five answers, and the one function that gives them.

Page, tables and terminal take their words from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mia.evaluation import reasons
from mia.evaluation.set_evidence import Evidence

USED = "Used"
USED_UNLESS = "Used, unless the sets differ in a way that no baseline sees"
CANNOT_TELL = "Cannot be told"
NO_SIGN = "No sign at this size"
NOT_USED = "Not used as far as this can tell"
ANSWERS = {  # answer: what it says
    USED: "The model treats the collection as images it has seen, and a difference of the sets "
    "does not explain it.",
    USED_UNLESS: "The attacks find more than the blind baselines foresee, but nothing shows that "
    "the sets are alike.",
    CANNOT_TELL: "What the attacks find, or miss, may be a difference of the sets.",
    NO_SIGN: "No attack passes. A trace that is smaller than the one stated is not ruled out.",
    NOT_USED: "Every attack that was tried on a control gains less over it than the stated bound.",
}
EXCHANGEABLE, ALIKE, OPEN = "BY DESIGN", "FAIR", "UNDECIDED"


@dataclass(frozen=True)
class Answer:
    """One of `ANSWERS`, and why: sentences, facts first, then what follows."""

    answer: str
    reasons: tuple[str, ...]


def answer(evidence: Evidence) -> Answer:
    """Return the answer that the evidence allows, with its reasons.

    - `USED`: an attack gains over a control model; or chance made the sets and an attack passes; or
      the sets are FAIR, there is no control, and an attack passes beyond the baselines and its
      blind twin.
    - `USED_UNLESS`: the same beyond baselines and twin on UNDECIDED sets, without a control.
    - `NOT_USED`: with a control, every gain's upper end lies below the bound.
    - `CANNOT_TELL`: an attack passes in some way that none of these covers; or the sets are
      NOT FAIR, without a control, where a miss says nothing either; or no attack reads the model.
    - `NO_SIGN`: no attack passes in any way.

    A control decides where there is one: an attack that passes beyond the baselines and does as
    well on a model that saw neither set has found a difference that no baseline sees. Where chance
    made the sets there is no such difference: a pass is enough, and one sentence names it together
    with the gain that is not sure.
    """
    found = _answer(evidence)
    return Answer(found, (*reasons.facts(evidence), *_conclusions(found, evidence)))


def _answer(e: Evidence) -> str:
    passes = bool(e.passing or e.beyond)
    controlled = e.gaining is not None
    if not e.reading:
        return CANNOT_TELL
    if e.gaining or (e.verdict == EXCHANGEABLE and passes):
        return USED
    if controlled and e.gain is not None and e.gain < e.bound:
        return NOT_USED
    if e.beyond and reasons.clear_of_twin(e) and not controlled and e.verdict in (ALIKE, OPEN):
        return USED if e.verdict == ALIKE else USED_UNLESS
    if passes or (e.verdict == reasons.DIFFERENT and not controlled):
        return CANNOT_TELL
    return NO_SIGN


def _conclusions(found: str, e: Evidence) -> list[str]:
    told = {
        USED: reasons.used,
        USED_UNLESS: reasons.used_unless,
        CANNOT_TELL: reasons.cannot_tell,
        NO_SIGN: reasons.no_sign,
        NOT_USED: reasons.not_used,
    }[found](e)
    if e.neither:
        alarm = found in (USED, USED_UNLESS)
        told.append(reasons.FALSE_ALARM if alarm else reasons.NEITHER)
    return told
