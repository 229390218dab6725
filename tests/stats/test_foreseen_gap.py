"""What is left of a gap beyond what a baseline foresees: by hand, and by simulations."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mia.stats.foreseen_gap import unforeseen
from mia.stats.permutation import max_t


def gap(scores, member):
    return scores[..., member].mean(-1) - scores[..., ~member].mean(-1)


def test_a_score_of_what_the_baseline_sees_has_no_gap_left():
    """Exact odds: of 100 images a class, what is seen is a number whose law is known."""
    shares = {0: (60, 30), 1: (30, 40), 2: (10, 30)}  # seen: members, nonmembers
    seen = np.concatenate([np.repeat([value] * 2, counts) for value, counts in shares.items()])
    member = np.concatenate([np.repeat([True, False], counts) for counts in shares.values()])
    odds = np.log([shares[value][0] / shares[value][1] for value in seen])
    centred = odds - (odds[member].mean() + odds[~member].mean()) / 2
    scores = np.array([seen**2.0, 3.0 - seen, np.where(member, 1.0, 0.0)])
    left = unforeseen(scores, odds, member)
    for row, score in enumerate(scores):
        middle = (score[member].mean() + score[~member].mean()) / 2
        own = centred * np.tanh(centred / 2)
        stretch = max(1, gap(centred, member) / (own[member].mean() + own[~member].mean()))
        foreseen = (score - middle) * np.tanh(stretch * centred / 2)
        expected = gap(score, member) - foreseen[member].mean() - foreseen[~member].mean()
        assert gap(left[row], member) == pytest.approx(expected)
    assert abs(gap(left[0], member)) < 0.15 * abs(gap(scores[0], member))
    assert abs(gap(left[1], member)) < 0.15 * abs(gap(scores[1], member))
    assert gap(left[2], member) > 0.8


def test_a_baseline_that_knows_nothing_takes_nothing():
    member = np.repeat([True, False], 50)
    scores = np.random.default_rng(0).normal(size=(2, 100))
    np.testing.assert_array_equal(unforeseen(scores, np.zeros(100), member), scores)
    with pytest.raises(ValueError, match="members and nonmembers, got 100 of"):
        unforeseen(scores, np.zeros(100), np.ones(100, dtype=bool))


def test_neither_the_unit_nor_the_zero_of_a_block_matters():
    rng, member, block = np.random.default_rng(1), np.tile([True, False], 60), np.arange(120) // 40
    scores, odds = rng.normal(size=(1, 120)), rng.normal(size=120) + 0.3 * member
    plain = unforeseen(scores, odds, member, block)
    moved = unforeseen(7 * scores + 3, odds + np.array([1.0, -2.0, 5.0])[block], member, block)
    np.testing.assert_allclose(moved, 7 * plain + 3)


def progressive(rng, n, shift, memory, penalty=1.0, columns=10, reads=0.7):
    """One target: a score of what the images are, and log odds learnt block by block."""
    member, block = np.arange(2 * n) < n, np.arange(2 * n) % 6
    seen = rng.normal(size=(2 * n, columns))
    seen[:, 0] += shift * member
    score = reads * seen[:, 0] + math.sqrt(1 - reads**2) * rng.normal(size=2 * n) + memory * member
    odds = np.zeros(2 * n)
    for one in range(1, 6):
        learnt = LogisticRegression(C=penalty).fit(seen[block < one], member[block < one])
        odds[block == one] = learnt.decision_function(seen[block == one])
    return [part[block > 0] for part in (score, odds, member, block)]


def passes(draws, *how, **more):
    """Share of targets that pass at 5 %: as they are, by regression, and beyond the foreseen."""
    rng, found = np.random.default_rng(0), []
    for _ in range(draws):
        score, odds, member, block = progressive(rng, *how, **more)
        seen = np.column_stack([np.ones(len(odds)), odds])
        residual = score - seen @ np.linalg.lstsq(seen, score, rcond=None)[0]
        left = unforeseen(score[None], odds, member, block)[0]
        rows = np.stack([score, residual, left])
        found.append(max_t(rows, member, permutations=199).p <= 0.05)
    return np.mean(found, axis=0)


def error(draws, share=0.05):
    return 2 * math.sqrt(share * (1 - share) / draws)


def test_a_shift_that_a_baseline_half_sees_passes_seldom():
    plain, regressed, left = passes(100, 300, 0.3, 0.0)
    assert plain > 0.7 and regressed > 0.25
    assert left <= 0.1 + error(100, 0.1)


def test_memory_is_found_beside_a_shift_and_without_one():
    for shift in (0.0, 0.3):
        assert passes(40, 300, shift, 0.35)[2] > 0.8


@pytest.mark.proof
@pytest.mark.parametrize(
    ("n", "shift", "penalty", "most"),
    [
        (400, 0.0, 1.0, 0.08),
        (400, 0.15, 1.0, 0.08),
        (400, 0.4, 1.0, 0.09),
        (400, 0.4, 0.1, 0.13),
    ],
)
def test_no_memory_passes_about_as_often_as_it_should(n, shift, penalty, most):
    """The plain test passes 5, 37, 97 and 97 %."""
    assert passes(400, n, shift, 0.0, penalty)[2] <= most + error(400, most)
