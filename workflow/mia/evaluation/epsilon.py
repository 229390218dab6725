"""How much privacy a training cannot have given: a lower bound on ε from one trained model.

Steinke, Nasr & Jagielski 2023 (arXiv 2305.08846), Theorem 5.2: each of m coins decides which of two
images is trained on. If training is (ε, δ)-differentially private with regard to one coin, the
right ones among r guesses are hardly more than binomial with e^ε / (1 + e^ε).

Each coin here is a pair of one member and one nonmember, put together by chance. A seeded split
that fixed how many are members makes each pair's order a fair coin, independent of the others. So ε
is that of exchanging one image for another.

Where an attack learnt block by block, both images of a pair are of one block, and the same share of
each block's pairs is guessed. So whether and how a coin is guessed depends on the coins of earlier
blocks alone, and given those, the bound on each guess holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

SHARES = (1.0, 0.5, 0.25, 0.125)  # shares of the pairs that are guessed; all are tried, Bonferroni
LARGEST = 50.0
NOT_RANDOMISED = "n/a: membership was not randomised"
UNKNOWN = "n/a: how these scores were made is not known; they may have seen who is a member"
MEANING = (
    "training that is (ε, δ)-private with a smaller ε, when one image is exchanged for another,"
    " would let an attack guess so well in no more than {tail:.2g} of all runs; it does not say how"
    " large ε is, nor that a bound of 0 means safety"
)


def privacy_bound(
    part: pd.DataFrame, obstacle: str | None, confidence: float, delta: float, seed: int
) -> dict[str, Any]:
    """Return the lower bound on ε that an attack's scores prove.

    The guess for a pair is that its higher score is the member's; equal scores count as wrong. The
    pairs farthest apart are guessed first. Only images that are alone in their groups take part.

    Args:
        part: Reported rows: columns score, member, group, block.
        obstacle: Why no bound can be had (`NOT_RANDOMISED`, `UNKNOWN`); None where one can.
        confidence: That the bound holds, over all shares tried.
        delta: The δ of (ε, δ)-differential privacy.
        seed: Of the pairs.

    Returns:
        value (in nats; None where there is an obstacle), delta, pairs, guesses and
        correct (of the share that gives the largest bound), note.
    """
    entry = {"value": None, "delta": delta, "pairs": 0, "guesses": 0, "correct": 0}
    if obstacle:
        return {**entry, "note": obstacle}
    gaps = _gaps(part, seed)
    if not sum(map(len, gaps)):
        return {**entry, "note": "n/a: no pair of images that are alone in their groups"}
    tail = (1 - confidence) / len(SHARES)
    found, pairs = [], sum(map(len, gaps))
    for share in SHARES:
        guessed = np.concatenate([of[: max(1, round(share * len(of)))] for of in gaps])
        guesses, correct = len(guessed), int((guessed > 0).sum())
        found.append((lower_bound(pairs, guesses, correct, delta, tail), guesses, correct))
    value, guesses, correct = max(found)
    entry |= {"value": value, "pairs": pairs, "guesses": guesses, "correct": correct}
    return {**entry, "note": MEANING.format(tail=1 - confidence)}


def bounds_together(
    parts: Mapping[str, pd.DataFrame], confidence: float, delta: float, seed: int
) -> dict[str, float]:
    """Return the bounds that hold for all attacks at once, so that the largest may be quoted.

    They are Bonferroni-adjusted over attacks, and over shares as well.

    Args:
        parts: Attack to reported rows, of attacks that have a bound of their own.
        confidence, delta, seed: As in `privacy_bound`.
    """
    each = 1 - (1 - confidence) / max(len(parts), 1)
    return {
        name: privacy_bound(rows, None, each, delta, seed)["value"] for name, rows in parts.items()
    }


def lower_bound(pairs: int, guesses: int, correct: int, delta: float, tail: float) -> float:
    """Return the largest ε that so many correct guesses refute with error `tail`; 0 if none."""
    if p_value(pairs, guesses, correct, 0.0, delta) > tail:
        return 0.0
    if p_value(pairs, guesses, correct, LARGEST, delta) <= tail:
        return LARGEST
    from scipy.optimize import brentq  # here: few runs bound ε, and it takes long to import

    return float(
        brentq(lambda e: p_value(pairs, guesses, correct, e, delta) - tail, 0.0, LARGEST, xtol=1e-6)
    )


def p_value(pairs: int, guesses: int, correct: int, epsilon: float, delta: float) -> float:
    """Return the largest probability of so many correct guesses under (ε, δ)-privacy.

    P[B >= v] + 2 m δ max_i P[v > B >= v - i] / i, for B binomial with r guesses, v correct.
    """
    from scipy.special import betainc, expit

    least = np.arange(correct, -1, -1)
    tails = np.ones(correct + 1)  # P[B >= v], P[B >= v - 1], …, P[B >= 0]
    tails[:-1] = betainc(least[:-1], guesses - least[:-1] + 1, expit(epsilon))
    most = ((tails[1:] - tails[0]) / np.arange(1, correct + 1)).max(initial=0.0)
    return min(1.0, float(tails[0] + 2 * pairs * delta * most))


def _gaps(part: pd.DataFrame, seed: int) -> list[np.ndarray]:
    """Return, by block, each pair's score of the member minus the nonmember's, largest first."""
    alone = part[~part["group"].duplicated(keep=False)]
    generator = np.random.default_rng(seed)
    found = []
    for _, rows in alone.groupby("block"):
        sides = [
            generator.permutation(rows.loc[rows["member"] == side, "score"].to_numpy())
            for side in (True, False)
        ]
        pairs = min(map(len, sides))
        gaps = sides[0][:pairs] - sides[1][:pairs]
        found.append(gaps[np.argsort(-np.abs(gaps), kind="stable")])
    return found
