"""What the page's section in plain words is made from: the numbers of one target's answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mia.evaluation.answer_rows import BETWEEN
from mia.evaluation.answers import USED, USED_UNLESS

CLAIMED, KNOWN, NEITHER = "claimed", "known", "neither"  # what is known beforehand of the use
ANOTHER = "another model that has seen none of these images"


@dataclass(frozen=True)
class Standing:
    """The images that stand out by one attack, at two rates of false flags.

    Args:
        attack: Its name; "" where no image stands out.
        numbers: How many stand out at each rate of `mia.evaluation.detections.RATES`.
        asked: How many images were asked about.
        first: Keys of the surest, where the report may show them.
    """

    attack: str
    numbers: Sequence[int]
    asked: int
    first: Sequence[str] = ()


@dataclass(frozen=True)
class Facts:
    """What is known of a target's answer.

    Args:
        row: Its row of tables/answers.csv: text, and numbers as floats, NaN where none is.
        verdict: On the collection and the comparable images.
        beforehand: `CLAIMED`, `KNOWN` or `NEITHER`.
        tests: How many attacks read the model.
        baselines: Whether a blind baseline was run.
        confidence: At which a gain over a control counts, in (0, 1).
        standing: The images that stand out.
    """

    row: Mapping[str, Any]
    verdict: str
    beforehand: str
    tests: int
    baselines: bool
    confidence: float
    standing: Standing

    def number(self, name: str) -> float:
        """Return a number of the row, NaN where there is none."""
        value = self.row.get(name)
        return math.nan if value is None or value == "" else float(value)

    def has(self, name: str) -> bool:
        """Return whether the row has a number."""
        return not math.isnan(self.number(name))

    def named(self, column: str) -> list[str]:
        """Return the attacks that a cell names."""
        value = self.row.get(column)
        return value.split(BETWEEN) if isinstance(value, str) and value else []

    @property
    def answer(self) -> str:
        """The answer."""
        return self.row["answer"]

    @property
    def surest(self) -> str:
        """The surest attack, in words."""
        return f"the test that shows most ({self.row['attack']})"

    @property
    def controlled(self) -> bool:
        """Whether the attacks were tried on a control model."""
        return self.has("gain_bound")

    @property
    def used(self) -> bool:
        """Whether the answer is one of the two of use."""
        return self.answer in (USED, USED_UNLESS)


def hundredth(share: float) -> str:
    """Return a share of [0, 1] as a count of 100.

    >>> hundredth(0.634), hundredth(0.05)
    ('63', '5')
    """
    return f"{100 * share:.0f}"


def level(share: float) -> str:
    """Return a level that the config sets as a count of 100, with its decimals.

    >>> level(0.03), level(1 - 0.975)
    ('3', '2.5')
    """
    return f"{100 * share:.3g}"
