"""How often a used collection is recognised, by its size, its trace, and with or without a control.

`make prove` prints nothing of it; the table of docs/results.md is made by

    PYTHONPATH=workflow:tests/support python tests/evaluation/test_power_of_answers.py 40
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.stats import norm

from known_scores import areas, target
from mia.evaluation import answer_rows, set_test
from mia.evaluation.answers import CANNOT_TELL, NO_SIGN, NOT_USED, USED, USED_UNLESS
from mia.evaluation.comparison import above_chance
from mia.evaluation.gain import gains

SIZES, TRACES = (50, 200), (0.2, 0.3, 0.5)
ALIKE = 0.9  # correlation of the ease of an image for model and control
WAYS = (("BY DESIGN", None), ("FAIR", None), ("FAIR", ALIKE), ("NOT FAIR", ALIKE))


def recognised(verdict, control, size, memory, targets, seed=0) -> dict[str, float]:
    """The share of targets that get each answer.

    Args:
        verdict: On their sets.
        control: None, or how alike a control model is.
        size: Images a side.
        memory: What training adds to a member's score, in standard deviations.
        targets: How many are drawn.
        seed: Of the first; the others count on.
    """
    seen = 1.0 if verdict == "NOT FAIR" else 0.0
    found = [
        answered(verdict, control, size, memory, seen, seed + number) for number in range(targets)
    ]
    names = (USED, USED_UNLESS, NOT_USED, NO_SIGN, CANNOT_TELL)
    return {name: float(np.mean([one == name for one in found])) for name in names}


def answered(verdict, control, size, memory, seen, seed) -> str:
    tables, blind = target(seed, memory=memory, seen=seen, control=control, n=size)
    access = {**dict.fromkeys(tables, "grey-box"), "blind_image": "model-free"}
    tested = set_test.set_test_rows(
        "t", {**tables, "blind_image": blind}, access, ["blind_image"], seed
    )
    above, edge = above_chance(tables, 0.95), areas(blind)
    about = {"access": "grey-box", "n_nonmember": size}
    rows = [
        {"attack": name, **about, **areas(table), "above_chance": above[name]}
        for name, table in tables.items()
    ]
    within = max(abs(edge["auc_low"] - 0.5), abs(edge["auc_high"] - 0.5))
    audit = {"target": "t", "verdict": verdict, "margin": 0.03, "reach": {"within": within}}
    gained = gains(tables, 0.95)
    return answer_rows.answer_row(rows, tested, gained, audit, False, False)["answer"]


@pytest.mark.proof
def test_power_rises_with_size_and_trace_and_without_one_nothing_is_used():
    few, many = (recognised("BY DESIGN", None, size, 0.5, 20)[USED] for size in (50, 300))
    assert few < many and many >= 0.95
    assert recognised("NOT FAIR", ALIKE, 300, 0.8, 20)[USED] >= 0.9
    assert recognised("FAIR", ALIKE, 300, 0.0, 20)[USED] <= 0.15


def main(targets: int) -> None:
    """Print the table of docs/results.md."""
    print("| trace (AUC) | images a side |", *(f"{v}{', control' if c else ''} |" for v, c in WAYS))
    for memory in TRACES:
        for size in SIZES:
            shares = [recognised(*way, size, memory, targets)[USED] for way in WAYS]
            auc = norm.cdf(memory / np.sqrt(2))
            cells = " | ".join(f"{100 * share:.0f}" for share in shares)
            print(f"| {memory:g} SD ({auc:.2f}) | {size} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
