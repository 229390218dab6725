"""How fast models were last queried here, for estimates alone (`mia.cost.speeds`)."""

from __future__ import annotations

from pathlib import Path

from mia import storage


def keep_speed(ledger: Path, device: str, dtype: str, evals: int, seconds: float) -> None:
    """Write the speed of a measuring job beside its ledger.

    A backward pass counts among `evals` as many times as `mia.signals.shared.evals` says.
    """
    speed = {"device": device, "dtype": dtype, "evals": evals, "seconds": round(seconds, 3)}
    storage.write_json(speed, ledger / "speed.json")
