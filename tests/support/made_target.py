"""A made-up target for tests: a membership table and score files with known numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mia import storage

SETTINGS = {"confidence": 0.95, "resamples": 200, "delta": 1e-5, "seed": 0, "randomised": False}


def membership(
    per_class: int = 100, group_size: int = 1, blocks: int | None = None
) -> pd.DataFrame:
    """Members, then nonmembers; the folds alternate by group, and so do `blocks`.

    Without `blocks`, the evaluation fold alone is reported on.
    """
    rows = np.arange(2 * per_class)
    group = rows // group_size
    return pd.DataFrame(
        {
            "set": "made",
            "key": [f"{row:016x}" for row in rows],
            "image_id": [f"image{row:05d}" for row in rows],
            "member": rows < per_class,
            "group": [f"g{number}" for number in group],
            "fold": np.where(group % 2 == 0, "calibration", "evaluation"),
            "block": group % 2 - 1 if blocks is None else group % blocks,
            "kept": True,
            "reason": "",
        }
    )


def scores(members: pd.DataFrame, shift: float, seed: int = 0) -> pd.DataFrame:
    """Normal scores, those of members shifted up."""
    noise = np.random.default_rng(seed).normal(size=len(members))
    kept = members["kept"].to_numpy()
    table = members[["image_id"]].assign(score=noise + shift * members["member"])
    return table[kept].reset_index(drop=True)


def write_scores(path: Path, table: pd.DataFrame, **about) -> Path:
    """Write a score file with the metadata of a plain attack, or with `about`."""
    plain = {"module": path.stem, "access": "grey-box", "reads_images": False, "trained": False}
    metadata = {"attack": "Attack()", "name": path.stem, **plain, "fitted": {}, **about}
    storage.write(table, path, metadata)
    return path


BLIND = {"access": "model-free", "reads_images": True, "trained": True}
