"""Synthetic tables of a given size, in the files that score and evaluate read."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from mia import tables
from mia.query import Query
from mia.signals.denoise import MEASURES

TIMESTEPS = (100, 300, 500, 700)


def synthetic_target(images: int, folder: Path) -> dict[str, list[str]]:
    """Write membership and four query files of `images` images; return each stage's arguments."""
    generator = np.random.default_rng(0)
    ids = [f"{number:064x}" for number in range(images)]
    keys = [f"{number:016x}" for number in range(images)]
    membership = pd.DataFrame(
        {
            "set": "synthetic",
            "key": keys,
            "image_id": ids,
            "member": np.arange(images) % 2 == 0,
            "group": keys,
            "fold": np.where(np.arange(images) % 4 < 2, "calibration", "evaluation"),
            "kept": True,
            "reason": "",
        }
    )
    tables.write(membership, folder / "membership.parquet")
    files = []
    for timestep in TIMESTEPS:
        query = Query("denoise", timestep)
        rows = pd.DataFrame(generator.random((images, len(MEASURES))), columns=list(MEASURES))
        fields = pd.DataFrame({"key": keys, "image_id": ids, **query.fields()})
        path = folder / "queries" / f"{query.path}.parquet"
        metadata = {"set": "synthetic", "query": query.path, "fields": list(fields)[1:]}
        tables.write(pd.concat([fields, rows], axis=1), path, metadata)
        files.append(str(path))
    row = {"attack": "loss", "timesteps": list(TIMESTEPS), "draws": 1}
    names = {name: str(folder / name) for name in ("membership.parquet", "score.parquet")}
    member, score = names.values()
    settings = {"confidence": 0.95, "resamples": 1000, "delta": 1e-5, "seed": 0}
    scoring = {
        "--attack": json.dumps({"name": "loss", "row": row}),
        "--membership": member,
        "--seed": "0",
        "--output": score,
    }
    evaluating = {
        "--target": "synthetic",
        "--attack": "loss",
        "--score": score,
        "--membership": member,
        "--settings": json.dumps(settings),
        "--randomised": "False",
        "--output": str(folder / "metrics.json"),
    }
    return {
        "score": [*chain.from_iterable(scoring.items()), "--signals", *files],
        "evaluate": [*chain.from_iterable(evaluating.items())],
    }
