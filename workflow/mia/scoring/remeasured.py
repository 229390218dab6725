"""Scores from second measurements: does an image get the same score again?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mia import storage
from mia.evidence import Evidence
from mia.measuring.query_files import read_signals, second_measurements

TINY = 1e-200  # least spread: a constant score may still differ on second measurement


def repeated(
    attack: Any,
    evidence: Evidence,
    images: pd.DataFrame,
    score: pd.Series,
    signals: Sequence[str],
    reference: Sequence[str],
) -> dict[str, Any] | None:
    """Return how far scores from second measurements lie from those of the first.

    Args:
        attack: The attack, fitted if it has `fit`.
        evidence: What the attack was given.
        images: The target's images: index image_id; columns set and key.
        score: Its score from the first measurements; images without one (NaN) are not looked at.
        signals: Query files of the target's model.
        reference: Query files of its reference model.

    Returns:
        `pictures`: how many images; `difference`: the largest between an image's two scores, in
        standard deviations of the score over all images. None where no image of the target was
        measured twice, as for an attack that measures nothing.

    Raises:
        ValueError: A second score is no number.
    """
    twice = measured_twice(images[score.notna()], [*signals, *reference])
    if twice.empty:
        return None
    again = replace(
        evidence.of_images(twice.index),
        signals=read_signals(signals, twice, second_measurements),
        reference=read_signals(reference, twice, second_measurements),
    )
    first, second = score[twice.index].to_numpy(), attack.score(again)[twice.index].to_numpy()
    if not np.isfinite(second).all():
        named = ", ".join(twice.index[~np.isfinite(second)][:3])
        raise ValueError(f"measured a second time, these images score no number: {named}")
    return {
        "pictures": len(twice),
        "difference": largest_difference(first, second, score.std(ddof=0)),
    }


def measured_twice(images: pd.DataFrame, paths: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `images` that every query file of their set has measured twice."""
    keys: dict[str, set[str]] = {}
    for path in paths:
        image_set = storage.metadata(path)["set"]
        found = set(second_measurements(path)["key"].to_pylist())
        keys[image_set] = keys.get(image_set, found) & found
    both = [key in keys.get(of, ()) for of, key in zip(images["set"], images["key"], strict=True)]
    return images[both]


def largest_difference(first: np.ndarray, second: np.ndarray, spread: float) -> float:
    """Return the largest difference between two scores of an image, in units of `spread`.

    >>> largest_difference(np.array([1.0, 2.0]), np.array([1.0, 2.5]), 0.25)
    2.0
    """
    furthest = float(np.abs(first - second).max())
    return furthest / max(spread, TINY) if furthest else 0.0
