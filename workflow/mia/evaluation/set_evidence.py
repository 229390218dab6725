"""What is known of one target, as far as the answer depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """What is known of one target, all attacks those that read the model.

    Args:
        verdict: On the two sets.
        reading: How many attacks there are.
        tried: How many of them were tried on a control model.
        passing: Those that pass the set test, adjusted over attacks.
        beyond: Those that pass it beyond what the blind baselines foresee, with an AUC beyond all
            of theirs; None without baselines.
        gaining: Those with a gain over a control model; None without one.
        gain: Largest upper end of a gain's interval, in AUC; None without a control.
        bound: Gain that counts as none, in AUC.
        lower: Those that score members lower than nonmembers, beyond chance.
        over_twin: Those that do better than what images, files and captions foretell of their own
            scores; None where that is not known.
        neither: Whether the model is known to have been trained on neither set.
        claimed: Whether the members are only claimed to have been trained on.
        images: Groups of members that were tested.
        smallest_gap: Difference that would have passed four times in five, in standard deviations;
            None if unknown.
        smallest_gain: Gain over the control that would have been found so often, in AUC; None
            without a control.
    """

    verdict: str
    reading: int
    passing: Sequence[str] = ()
    beyond: Sequence[str] | None = None
    gaining: Sequence[str] | None = None
    gain: float | None = None
    bound: float = 0.03
    lower: Sequence[str] = ()
    over_twin: Sequence[str] | None = None
    neither: bool = False
    claimed: bool = False
    images: int = 0
    smallest_gap: float | None = None
    smallest_gain: float | None = None
    tried: int = 0
