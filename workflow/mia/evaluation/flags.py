"""Flags beside a number: the conditions under which it may not be trusted (docs/flags.md)."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from mia.access import EXTERNAL
from mia.stats.metrics import FEW, FEWEST
from mia.told_captions import OWN

FEW_IMAGES = 20  # images of a side, below which every number is flagged
FEW_GROUPS = 20  # the same of groups of related images
DUPLICATES = 0.01  # share of nonmembers dropped as members' duplicates, above which to flag
SAME = 1e-3  # of a score's standard deviation: how far two runs may differ (docs/flags.md)

MEANINGS = {
    "below_chance": (
        "The AUC interval lies wholly below 0.5: the attack ranks nonmembers first. An alarm that"
        " the two sets differ."
    ),
    "few_false_positives": "A TPR at a limit rests on fewer than ten false positives.",
    "too_few": "A TPR at a limit is n/a: its limit allows fewer than two false positives here.",
    "few_images": (
        "Fewer than 20 images of a side: intervals claim more than they hold, and only a very"
        " strong attack would be seen."
    ),
    "few_groups": (
        "The images of a side fall into fewer than 20 groups of related images: they count as so"
        " few, intervals claim more than they hold, and sets that are alike may be called NOT FAIR."
    ),
    "constant": "Every image has the same score: the attack tells nothing apart.",
    "not_finite": "A score is missing, infinite or not a number; the run stops with its image_id.",
    "threshold_does_not_carry": (
        "A threshold makes more false positives on the images where it is tried than chance allows"
        " after those that chose it."
    ),
    "shift": "The two sets can be told apart without the model: the verdict is NOT FAIR.",
    "duplicates_across_sets": (
        "More than one nonmember in a hundred was dropped because a member shows the same image;"
        " less alike ones may be left."
    ),
    "combines_signals": (
        "Learnt from several measurements at once: what these reveal together, not what one query"
        " does."
    ),
    "mixed_devices": "What the scores rest on was measured on more than one kind of device.",
    "other_captions": (
        "A control, not an attack: the model was told other captions than the images' own."
    ),
    "external": "The scores were made elsewhere: what they were fitted on is not known here.",
    "estimates_worse_than_zero": (
        "Where noise prevails, the model removes none: its loss is that of no estimate, or above."
        " Its scores mean nothing; the report's remarks say where, and the usual causes."
    ),
    "fits_another_prediction_type": (
        "The model's answers have a clearly smaller loss when they are read as another prediction"
        " type than its scheduler declares. Its scores mean nothing until that is mended."
    ),
    "not_reproducible": (
        "A image that was measured again got another score: it is not a property of the image."
    ),
}


def below_chance(auc_high: float) -> bool:
    """Return whether an AUC interval that ends at `auc_high` lies wholly below 0.5."""
    return auc_high < 0.5


def too_few(allowed: int) -> bool:
    """Return whether `allowed` false positives are too few to print a TPR."""
    return allowed < FEWEST


def few_false_positives(allowed: int) -> bool:
    """Return whether `allowed` false positives are enough to print a TPR but not to rely on."""
    return FEWEST <= allowed < FEW


def few_images(images: int) -> bool:
    """Return whether a side has too few `images` to rely on any number."""
    return images < FEW_IMAGES


def few_groups(groups: int, images: int) -> bool:
    """Return whether a side's related `images` form too few `groups` to rely on any number.

    Where every image is a group of its own, `few_images` says all there is to say.
    """
    return groups < min(FEW_GROUPS, images)


def constant(scores: np.ndarray) -> bool:
    """Return whether all scores are equal."""
    return bool(np.ptp(scores) == 0)


def not_finite(scores: np.ndarray) -> np.ndarray:
    """Return which scores are infinite or not a number, bool `(images,)`."""
    return ~np.isfinite(scores)


def shift(verdict: str) -> bool:
    """Return whether a target's verdict says that its sets differ."""
    return verdict == "NOT FAIR"


def duplicates_across_sets(dropped: int, kept: int) -> bool:
    """Return whether many nonmembers were `dropped` as duplicates of members."""
    return dropped > DUPLICATES * (dropped + kept)


def combines_signals(combines: bool) -> bool:
    """Return whether an attack says that it has learnt from several measurements."""
    return combines


def mixed_devices(devices: Collection[str]) -> bool:
    """Return whether more than one kind of device did the measuring."""
    return len(set(devices)) > 1


def other_captions(captions: str) -> bool:
    """Return whether an entry's `captions` are not the images' own."""
    return captions != OWN


def external(access: str) -> bool:
    """Return whether the scores come from a file made elsewhere."""
    return access == EXTERNAL


def estimates_worse_than_zero(gain: float) -> bool:
    """Return whether `gain`, the lower end of what estimates gain over zero, is not above 0."""
    return not gain > 0


def fits_another_prediction_type(gain: float) -> bool:
    """Return whether `gain`, the lower end of what another reading gains, is above 0."""
    return gain > 0


def not_reproducible(difference: float) -> bool:
    """Return whether `difference`, in standard deviations of the score, is beyond rounding."""
    return difference > SAME


def threshold_does_not_carry(
    calibration: tuple[int, int], evaluation: tuple[int, int], level: float
) -> bool:
    """Return whether a threshold makes more false positives on evaluation than on calibration.

    Without ties and without a shift, all orders of the two folds' nonmembers are equally likely.
    The chance that so many of evaluation lie above the k-th best of calibration is hypergeometric:
    at most k - 1 of calibration are among the best n + k - 1, with n false positives on evaluation.
    It includes the threshold's own sampling error.

    Args:
        calibration: False positives and nonmembers of the fold that chose the threshold.
        evaluation: False positives and nonmembers of the other.
        level: One-sided chance of a false alarm.

    >>> threshold_does_not_carry((3, 300), (4, 300), 0.05)
    False
    >>> threshold_does_not_carry((3, 300), (20, 300), 0.05)
    True
    """
    (k, calibrated), (made, evaluated) = calibration, evaluation
    if k == 0 or made == 0:
        return False
    best, of_calibration = made + k - 1, np.arange(k)
    ways = _log_choices(calibrated, of_calibration) + _log_choices(evaluated, best - of_calibration)
    p = np.exp(ways - _log_choices(calibrated + evaluated, best)).sum()
    return bool(p < level)


def _log_choices(n: int, k: np.ndarray | int) -> np.ndarray:
    """Return the log of the ways to choose `k` of `n`; minus infinity where there is none."""
    from scipy.special import gammaln  # here: pages import this module, and compute none

    with np.errstate(invalid="ignore"):
        log = gammaln(n + 1) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n + 1, k))
    return np.where(np.less_equal(k, n), log, -np.inf)
