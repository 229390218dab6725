"""What the model adds: the same attack on it and on models that saw neither side.

Where an attack reads a difference between the two sides, or which images are easy, it reads it on a
comparable model too. What is left of its AUC beyond that is what the model keeps of its training
images, as far as the control is like the model: where a hidden difference looks easier to one of
two unlike models, a gain is found without any memory. So it has to be clear, and clearer still
where the control itself is off 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mia.evaluation.scored import CONTROL, columns
from mia.stats import paired
from mia.stats.holm import holm_adjusted
from mia.stats.set_power import POWER

if TYPE_CHECKING:
    from mia.stats.auc_intervals import Interval

LEAST = 0.01  # gain that does not count yet: two unlike models differ so much without any memory
SURE = 0.01  # p that is asked for where the attack finds something on the control itself


@dataclass(frozen=True)
class Gain:
    """AUC of an attack on the model minus its AUC on a control model, on the same images.

    Of several control models it is the one over which a gain is least sure.

    Args:
        control: Its name.
        auc_control: The AUC on it, in [0, 1].
        value: The gain, in [-1, 1].
        low: Lower end of its two-sided interval, which holds alone.
        high: Upper end.
        most: Largest upper end over any of the control models.
        p: One-sided, for a gain of at most `LEAST`, Holm-adjusted over the target's attacks.
        on: Each control model to the AUC on it, with its interval.
        found: Whether the model adds something: p is below 1 - confidence, and below `SURE` where
            the AUC on the control is not 0.5, as far as can be told.
        smallest: Gain that would have been found with a probability of `POWER`, were no other
            attack's found; the largest over the control models, as every one has to show it.
    """

    control: str
    auc_control: float
    value: float
    low: float
    high: float
    most: float
    p: float
    on: Mapping[str, Interval]
    found: bool
    smallest: float


def gains(rows: Mapping[str, pd.DataFrame], confidence: float) -> dict[str, Gain]:
    """Return attack to gain, of those that were tried on control models.

    The variance is DeLong's paired one, by group: the images, and so what makes them easy or hard,
    are the same.

    Args:
        rows: Attack to reported rows, with a column `control_…` for each control model.
        confidence: Of all answers at once, and of each interval.
    """
    over = {
        name: [_over(table, column, confidence) for column in tried]
        for name, table in rows.items()
        if (tried := [column for column in table if column.startswith(CONTROL)])
    }
    least = {name: max(tried, key=lambda one: one.gain.p_above) for name, tried in over.items()}
    adjusted = holm_adjusted([one.gain.p_above for one in least.values()])
    return {
        name: Gain(
            *(one.control, one.gain.auc_control, one.gain.value, one.gain.low, one.gain.high),
            most=max(other.gain.high for other in over[name]),
            p=p,
            on={other.control: other.auc for other in over[name]},
            found=p < one.level,
            smallest=max(
                _smallest(other.gain.error, other.level / len(least)) for other in over[name]
            ),
        )
        for (name, one), p in zip(least.items(), adjusted, strict=True)
    }


@dataclass(frozen=True)
class _Over:
    """An attack tried on one control model.

    Args:
        control: Its name.
        gain: The gain over it.
        auc: The AUC on it.
        level: What p has to be below.
    """

    control: str
    gain: paired.Gain
    auc: Interval
    level: float


def _smallest(error: float, level: float) -> float:
    """Return the gain that passes at `level` with a probability of `POWER`, by the normal law."""
    from scipy.special import ndtri

    return LEAST + float(ndtri(1 - level) + ndtri(POWER)) * error


def _over(table: pd.DataFrame, column: str, confidence: float) -> _Over:
    """Return what is found over one control model."""
    from mia.stats.auc_intervals import auc_interval

    score, control, *images = columns(table, "score", column, "member", "group", "block")
    member, group, block = images
    (gain,) = paired.gain(
        score[None], control[None], member, group, block, least=LEAST, confidence=confidence
    )
    off = paired.difference_from_chance(control, member, group, block).p < 1 - confidence
    auc = auc_interval(control, member, confidence, group, block)
    return _Over(column.removeprefix(CONTROL), gain, auc, SURE if off else 1 - confidence)
