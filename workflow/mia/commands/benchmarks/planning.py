"""How long Snakemake takes to plan a large experiment: hundreds of shards, many attacks."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[4]


def command(folder: Path, shards: int, attacks: int) -> list[str]:
    """Write the config of a synthetic experiment; return the command that plans it from nothing.

    Args:
        folder: An empty folder.
        shards: Of the one image set.
        attacks: Rows: those of `config/all-attacks.yaml`, then the loss at further timesteps.
    """
    known = yaml.safe_load((ROOT / "config/all-attacks.yaml").read_text(encoding="utf-8"))
    further = {f"loss_{n}": {"attack": "loss", "timesteps": [n]} for n in range(1, 1000)}
    rows = dict(list({**known["attacks"], **further}.items())[:attacks])
    parts = {part: {"path": f"{part}.csv"} for part in ("member", "nonmember")}
    model = {"source": "hub", "repo": "nobody/nothing", "revision": "0" * 40}
    config = {
        "results": "results",
        "image_sets": {"pictures": {"source": "urls", "shards": shards, "parts": parts}},
        "models": {"model": model, "reference": model},
        "targets": {
            "target": {
                "model": "model",
                "reference": "reference",
                "members": "pictures:member",
                "nonmembers": "pictures:nonmember",
            }
        },
        "attacks": rows,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    place = ["-s", str(ROOT / "Snakefile"), "--directory", str(folder), "--configfile", str(path)]
    return [sys.executable, "-m", "snakemake", *place, "--dry-run", "--quiet", "all"]
