"""How often members that are merely easier are claimed to be used, with and without the twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from known_scores import areas
from mia.blind.classifier import INVERSE_PENALTY
from mia.blind.twin import ROUNDS
from mia.evaluation.answer_rows import answer_row
from mia.evaluation.answers import USED
from mia.evaluation.blind_twin import twin_cells, twin_numbers
from mia.evaluation.comparison import above_chance
from mia.evaluation.set_test import set_test_rows

COLUMNS, SEEN, READ, BLOCKS = 40, 0.6, 0.9, 6  # SEEN: share of the ease that numbers show


def target(rng, size, easier, memory):
    """Numbers of images, scores of an attack, and log odds of a penalised baseline, by block.

    Members are chosen by how easy they are: both what the numbers show and what they hide moves.
    """
    member, block = np.arange(2 * size) < size, np.arange(2 * size) % BLOCKS
    weights = np.linspace(1, 0.2, COLUMNS)
    weights /= np.linalg.norm(weights)
    numbers = rng.normal(size=(2 * size, COLUMNS))
    numbers += np.sqrt(SEEN) * easier * member[:, None] * weights
    hidden = rng.normal(size=2 * size) + np.sqrt(1 - SEEN) * easier * member
    ease = np.sqrt(SEEN) * numbers @ weights + np.sqrt(1 - SEEN) * hidden
    score = READ * ease + np.sqrt(1 - READ**2) * rng.normal(size=2 * size) + memory * member
    odds, told = np.zeros(2 * size), np.full(2 * size, np.nan)
    for one in range(1, BLOCKS):
        past, now = block < one, block == one
        classifier = LogisticRegression(C=INVERSE_PENALTY).fit(numbers[past], member[past])
        odds[now] = classifier.decision_function(numbers[now])
        regression = HistGradientBoostingRegressor(max_iter=ROUNDS, random_state=0)
        told[now] = regression.fit(numbers[past], score[past]).predict(numbers[now])
    about = {"member": member, "group": np.arange(2 * size), "fold": "", "block": block}
    index = pd.Index([f"i{number:05d}" for number in range(2 * size)], name="image_id")
    part = pd.DataFrame({**about, "score": score}, index)
    blind = pd.DataFrame({**about, "score": odds}, index)
    return part, blind[block > 0], pd.Series(told, index)


def claimed(rng, size, easier, memory) -> tuple[bool, bool]:
    """Whether an answer of use is given on UNDECIDED sets: without the twin, and with it."""
    part, blind, told = target(rng, size, easier, memory)
    whole = {"loss": part.assign(block=0)}
    access = {"loss": "grey-box", "blind_image": "model-free"}
    tested = set_test_rows("t", {**whole, "blind_image": blind}, access, ["blind_image"], 1)
    row = {"attack": "loss", "access": "grey-box", "n_nonmember": size, **areas(whole["loss"])}
    row["above_chance"] = above_chance(whole, 0.95)["loss"]
    twins = twin_cells([{"attack": "loss", "blind_twin": twin_numbers(part, told, 0.95)}], ["loss"])
    edge = areas(blind)
    within = max(abs(edge["auc_low"] - 0.5), abs(edge["auc_high"] - 0.5))
    audit = {"target": "t", "verdict": "UNDECIDED", "margin": 0.03, "reach": {"within": within}}
    answers = [
        answer_row([{**row, **cells}], tested, {}, audit, False, False)["answer"]
        for cells in ({}, twins["loss"])
    ]
    return answers[0].startswith(USED), answers[1].startswith(USED)


@pytest.mark.proof
def test_the_twin_lowers_false_claims_and_keeps_memory():
    """400 images a side, an AUC of .61 by ease alone, the baseline at .55."""
    rng = np.random.default_rng(7)
    false = np.mean([claimed(rng, 400, 0.45, 0.0) for _ in range(60)], axis=0)
    true = np.mean([claimed(rng, 400, 0.0, 0.6) for _ in range(20)], axis=0)
    assert false[1] < false[0] and false[1] <= 0.3 and true[1] >= 0.9
