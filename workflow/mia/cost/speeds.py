"""How fast models of this config were measured here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mia import result_paths, storage

SHORTEST = 1  # second; a shorter job says little


@dataclass(frozen=True)
class Speed:
    """What the latest measuring job of a model did.

    Args:
        model: Its name.
        device: `cpu` or `cuda:n`.
        evals: Evals per second.
        time: When the job ended; seconds of the system's clock.
    """

    model: str
    device: str
    evals: float
    time: float


def speeds(results: Path, models: Iterable[str], device: str, dtype: str) -> dict[str, Speed]:
    """Return the latest speed of each model that has one, the latest of all last.

    Args:
        results: The folder of results.
        models: Their names.
        device: `cpu`, `cuda`, or `auto` for any.
        dtype: Arithmetic of the U-Net. Older jobs did not write it down; they count.
    """
    found = [
        speed
        for model in models
        for path in results.glob(f"{result_paths.LEDGER.format(model=model, set='*')}/speed.json")
        if (speed := _speed(path, model, device, dtype))
    ]
    return {speed.model: speed for speed in sorted(found, key=lambda speed: speed.time)}


def _speed(path: Path, model: str, device: str, dtype: str) -> Speed | None:
    job = storage.read_json(path)
    kind = "cpu" if job["device"] == "cpu" else "cuda"
    if device not in ("auto", kind) or job.get("dtype", dtype) != dtype:
        return None
    if job["seconds"] < SHORTEST or not job["evals"]:
        return None
    return Speed(model, job["device"], job["evals"] / job["seconds"], path.stat().st_mtime)
