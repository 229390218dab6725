"""Blind baselines of known AUC: normal scores, drawn; and the verdicts on many such targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from mia.audit.channels import Channel, channels_of
from mia.audit.verdict import verdict


def drawn(
    aucs: Sequence[float], per_side: int, rng: np.random.Generator, alike: float = 0.5
) -> dict[str, pd.DataFrame]:
    """Evaluation rows of one blind baseline per true AUC, as `channels_of` takes them.

    Args:
        aucs: The true AUCs.
        per_side: Single images of each side.
        rng: Where the scores come from.
        alike: Correlation of the baselines' scores on an image.
    """
    n = 2 * per_side
    noise = np.sqrt(alike) * rng.normal(size=(n, 1))
    noise = noise + np.sqrt(1 - alike) * rng.normal(size=(n, len(aucs)))
    member = np.arange(n) < per_side
    noise[member] += np.sqrt(2) * norm.ppf(aucs)
    about = pd.DataFrame({"member": member, "group": np.arange(n), "block": 0})
    return {f"blind_{i}": about.assign(score=noise[:, i]) for i in range(len(aucs))}


def decided(
    aucs: Sequence[float],
    per_side: int,
    targets: int,
    margin: float = 0.03,
    alike: float = 0.5,
    seed: int = 0,
) -> dict[str, float]:
    """Share of each verdict, at confidence 0.95, over so many targets; 0 for one never said."""
    rng = np.random.default_rng(seed)
    words = [
        verdict(
            channels_of(drawn(aucs, per_side, rng, alike), 0.95),
            margin,
            False,
            per_side,
            per_side,
        )[0]
        for _ in range(targets)
    ]
    return {word: words.count(word) / targets for word in ("FAIR", "NOT FAIR", "UNDECIDED")}


def seen(
    auc: float, error: float, name: str = "caption", detectable: float = 0.58, p: float = 1.0
) -> Channel:
    """One of two channels, as it would be seen with this AUC and standard error."""
    ends = [auc + sign * z * error for z in norm.ppf([0.95, 0.9875]) for sign in (-1, 1)]
    return Channel(name, f"blind_{name}", auc, *ends, detectable, p)
