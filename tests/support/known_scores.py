"""Scores of a made-up target of which it is known whether its model memorised the members."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from mia.stats.intervals import auc_interval

ATTACKS = {"loss": 0.7, "pia": 0.5, "sima": 0.3}  # how much of a score is the image's ease
BLOCKS = 6


def target(seed, memory=0.0, seen=0.0, hidden=0.0, control=None, n=300):
    """Return attacks' and one baseline's rows.

    Args:
        memory: What training adds to members' scores, in standard deviations.
        seen: Shift of a column that the baseline reads, and that makes images easier.
        hidden: Shift of the ease that no baseline reads.
        control: None, or how alike the ease of images is for the control model, in [0, 1].
    """
    rng, member = np.random.default_rng(seed), np.arange(2 * n) < n
    index = pd.Index([f"i{number:05d}" for number in range(2 * n)], name="image_id")
    block = np.arange(2 * n) % BLOCKS
    columns = rng.normal(size=(2 * n, 5)) + np.eye(5)[0] * seen * member[:, None]
    ease = (columns[:, 0] + rng.normal(size=2 * n)) / math.sqrt(2) + hidden * member
    images = {"member": member, "group": np.arange(2 * n), "fold": "", "block": 0}
    tables = {}
    for name, read in ATTACKS.items():
        noise = rng.normal(size=(2, 2 * n)) * math.sqrt(1 - read**2)
        table = pd.DataFrame({**images, "score": read * ease + noise[0] + memory * member}, index)
        if control is not None:
            other = control * ease + math.sqrt(1 - control**2) * rng.normal(size=2 * n)
            table["control_base"] = read * other + noise[1]
        tables[name] = table
    odds = np.zeros(2 * n)
    for one in range(1, BLOCKS):
        past, now = block < one, block == one
        learnt = LogisticRegression().fit(columns[past], member[past])
        odds[now] = learnt.decision_function(columns[now])
    blind = pd.DataFrame({**images, "block": block, "score": odds}, index)
    return tables, blind[block > 0]


def areas(table):
    found = auc_interval(*(table[name].to_numpy() for name in ("score", "member")), 0.95)
    return {"auc": found.value, "auc_low": found.low, "auc_high": found.high}
