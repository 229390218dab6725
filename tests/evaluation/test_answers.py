"""The five answers: the whole grid of cases, and that no sentence contradicts another."""

import re
from dataclasses import replace
from itertools import product

import pytest

from mia.evaluation import reasons
from mia.evaluation.answers import (
    ANSWERS,
    CANNOT_TELL,
    NO_SIGN,
    NOT_USED,
    USED,
    USED_UNLESS,
    answer,
)
from mia.evaluation.set_evidence import Evidence

VERDICTS = ("FAIR", "BY DESIGN", "UNDECIDED", "NOT FAIR", "UNKNOWN")
NAMES = [(), ("loss",), ("loss", "pia")]
GRID = product(
    VERDICTS,
    (0, 3),
    NAMES,  # passing
    [None, *NAMES[:2]],  # beyond
    [None, *NAMES[:2]],  # gaining
    (0.02, 0.2),
    [(), ("sima",)],  # lower
    [None, *NAMES[:2]],  # over_twin
    (False, True),
    (False, True),
    (None, 0.25),
)


def case(verdict, reading, passing, beyond, gaining, gain, lower, twin, neither, claimed, smallest):
    more = {"neither": neither, "claimed": claimed, "images": 200, "smallest_gap": smallest}
    if not reading:
        return Evidence(verdict, 0, **more)
    more |= {"lower": lower, "over_twin": twin, "tried": 0 if gaining is None else reading}
    gain, least = (None, None) if gaining is None else (gain, 0.04)
    return Evidence(verdict, reading, passing, beyond, gaining, gain, smallest_gain=least, **more)


CASES = [*{repr(one): one for one in (case(*values) for values in GRID)}.values()]


def passes(e):
    return bool(e.passing or e.beyond or e.gaining)


def test_the_grid_is_the_whole_grid():
    assert len(CASES) > 2000
    assert {answer(one).answer for one in CASES} == set(ANSWERS)


def test_never_no_sign_where_an_attack_passes():
    for one in CASES:
        if passes(one):
            assert answer(one).answer != NO_SIGN
        elif one.reading and (one.verdict != "NOT FAIR" or one.gaining is not None):
            assert answer(one).answer in (NO_SIGN, NOT_USED)


def test_used_needs_a_gain_or_sets_that_are_alike():
    for one in CASES:
        if answer(one).answer == USED:
            exchangeable = one.verdict == "BY DESIGN" and (one.passing or one.beyond)
            alike = one.verdict == "FAIR" and reasons.clear_of_twin(one) and one.gaining is None
            assert one.gaining or exchangeable or alike
        if answer(one).answer == USED_UNLESS:
            assert one.verdict == "UNDECIDED" and one.beyond and one.gaining is None
            assert one.over_twin is None or {*one.beyond} & {*one.over_twin}
        if answer(one).answer == NOT_USED:
            assert one.gain < one.bound and one.gaining == ()


def test_what_a_baseline_finds_is_no_objection_where_chance_made_the_sets():
    """With `beyond` empty or unknown, a plain pass is enough BY DESIGN, and there alone."""
    for one in CASES:
        if one.passing and not one.beyond and not one.gaining and one.reading:
            by_design = one.verdict == "BY DESIGN"
            assert (answer(one).answer == USED) == by_design
            if by_design:
                assert not any("baselines foresee" in told for told in answer(one).reasons)


def test_used_never_stands_beside_none_is_better_than_on_the_control():
    """Where chance made the sets a pass is enough: one sentence names it and the gain."""
    both = 0
    for one in CASES:
        told = answer(one)
        if told.answer == USED:
            assert not any("is surely better" in sentence for sentence in told.reasons)
            both += any(sentence.startswith("A pass is enough") for sentence in told.reasons)
    assert both > 100
    small = Evidence("BY DESIGN", 3, ("loss",), gaining=(), gain=0.0214, tried=3)
    (told,) = (s for s in answer(small).reasons if s.startswith("A pass is enough"))
    assert "lie below 0.021 in AUC, so that the trace is small" in told


def test_without_a_control_what_the_twin_does_as_well_is_no_sign_of_use():
    for verdict, said in (("FAIR", USED), ("UNDECIDED", USED_UNLESS)):
        one = Evidence(verdict, 2, ("loss",), ("loss",), over_twin=("loss",))
        assert answer(one).answer == answer(replace(one, over_twin=None)).answer == said
        assert answer(replace(one, over_twin=())).answer == CANNOT_TELL
        assert answer(replace(one, over_twin=("pia",))).answer == CANNOT_TELL
    by_design = Evidence("BY DESIGN", 2, ("loss",), over_twin=())
    assert answer(by_design).answer == USED


def test_sets_that_differ_need_a_control():
    for one in CASES:
        if one.verdict == "NOT FAIR" and one.gaining is None:
            assert answer(one).answer == CANNOT_TELL


CONTRADICTIONS = [  # two beginnings that may not stand in one answer
    (r"None of 3 attacks scores", r"of 3 attacks scores? the .* higher than the nonmembers"),
    (r"None of 3 attacks finds more", r"More than the blind baselines foresee is found"),
    (r"None of 3 attacks is surely better", r"Better on this model than|A pass is enough"),
    (r"foretell of their scores does as well", r"Above its own scores|surely finds more"),
    (r"No control model was given", r"control too|than on (?:a|the) control"),
    (r"No blind baseline was run", r"baselines foresee|baselines look at|baselines read"),
    (r"Chance alone made", r"The sets differ, and|neither shown to be alike"),
    (r"nothing to find", r"false alarm"),
    (r"The sets are alike", r"The sets differ, and"),
]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_no_sentence_contradicts_another(verdict):
    for one in (one for one in CASES if one.verdict == verdict):
        told = answer(one)
        for first, second in CONTRADICTIONS:
            holding = [s for s in told.reasons if re.search(second, s) and not s.startswith("None")]
            opposed = [s for s in told.reasons if re.search(first, s) and s not in holding]
            assert not (opposed and holding), (one, told)
        assert len(set(told.reasons)) == len(told.reasons)
        assert all(re.fullmatch(r"[A-Z0-9].*\.", s) for s in told.reasons)
        alarm = any(s == reasons.FALSE_ALARM for s in told.reasons)
        assert alarm == (one.neither and told.answer in (USED, USED_UNLESS))


def test_claimed_images_are_never_called_members():
    for one in CASES:
        said = " ".join(answer(one).reasons)
        assert not (one.claimed and re.search(r"\bmembers?\b|was trained on\b(?! neither)", said))
        assert "claimed" not in said or one.claimed


def test_no_sign_says_what_it_would_have_shown():
    told = answer(Evidence("FAIR", 2, beyond=(), images=400, smallest_gap=0.25)).reasons[-1]
    assert told.startswith("These 400 images would have shown, four times in five, a difference of")
    assert "0.25 standard deviations, an AUC of about 0.57" in told  # Φ(0.25 / √2) = 0.570


def test_no_sign_over_a_control_says_the_gain_that_it_would_have_shown():
    one = Evidence("NOT FAIR", 2, gaining=(), gain=0.09, tried=2, images=400, smallest_gap=0.25)
    one = replace(one, smallest_gain=0.0456)
    told = answer(one)
    assert told.answer == NO_SIGN and "a gain over the control of 0.046 in AUC" in told.reasons[-1]
    assert "standard deviations" not in told.reasons[-1]
    by_design = answer(replace(one, verdict="BY DESIGN")).reasons[-1]
    assert "0.046 in AUC" in by_design and "0.25 standard deviations" in by_design


def test_not_used_says_its_bound():
    told = answer(Evidence("NOT FAIR", 2, gaining=(), gain=0.0123, bound=0.03))
    assert told.answer == NOT_USED
    assert "less than 0.03 in AUC" in told.reasons[-2] and "0.012 at most" in told.reasons[-2]
