"""How fast models were last queried here, for estimates alone."""

from __future__ import annotations

from pathlib import Path

from mia import result_paths, storage


def keep_speed(ledger: Path, device: str, evals: int, seconds: float) -> None:
    """Write the speed of a measuring job beside its ledger."""
    speed = {"device": device, "evals": evals, "seconds": round(seconds, 3)}
    storage.write_json(speed, ledger / "speed.json")


def last_speed(results: Path, device: str) -> float | None:
    """Return evals/s of the latest job of at least a second on `device` (any for `auto`)."""
    every_ledger = result_paths.LEDGER.format(model="*", set="*")
    files = sorted(
        results.glob(f"{every_ledger}/speed.json"), key=lambda path: path.stat().st_mtime
    )
    for path in reversed(files):
        speed = storage.read_json(path)
        kind = "cpu" if speed["device"] == "cpu" else "cuda"
        if device in ("auto", kind) and speed["seconds"] >= 1:
            return speed["evals"] / speed["seconds"]
    return None
