"""The verdict of the blind baselines on made-up sets."""

from __future__ import annotations

import pandas as pd

from mia.audit.channels import channels_of
from mia.audit.verdict import verdict
from mia.config.attacks import build_attack
from mia.evidence import Evidence

ALL = ("caption", "surface", "image", "metadata")


def judged(rows: pd.DataFrame, names=ALL, margin=0.03, **parameters) -> tuple[str, str]:
    """Fit blind baselines on calibration and return the verdict from evaluation."""
    evidence = Evidence(tuple(rows.index), images=rows, seed=0)
    tested, learnt = (rows["fold"] == fold for fold in ("evaluation", "calibration"))
    evaluations = {}
    for name in names:
        fitted = build_attack(f"blind_{name}", parameters).fit(evidence, rows.loc[learnt, "member"])
        evaluations[f"blind_{name}"] = rows.assign(score=fitted.score(evidence))[tested]
    channels = channels_of(evaluations, 0.95)
    counts = rows.loc[tested, "member"].value_counts()
    return verdict(channels, margin, False, int(counts[True]), int(counts[False]))
