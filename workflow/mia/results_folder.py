"""The folder of an experiment's results: whose it is, and what the pipeline puts into it."""

from __future__ import annotations

from pathlib import Path

from mia.config import ConfigError

IDENTITY = ".experiment"  # holds the name of the config
RUNS = ".runs"  # notes of the runs that are at work on it (mia.runs)
# What rules and reports make at its top; anything else there is somebody else's.
MADE = (
    *("images", "encoders", "training", "models", "latents", "ledger", "signals", "queries"),
    *("targets", "scores", "metrics", "audit", "tables", "figures", "logs", "benchmarks"),
    *("report.html", "snakemake-report.html", RUNS, IDENTITY),
)


def owner(folder: Path) -> str | None:
    """Return the name of the config whose results lie in `folder`; None where nothing says so."""
    note = folder / IDENTITY
    return note.read_text(encoding="utf-8").strip() if note.is_file() else None


def check(folder: Path, config: str) -> None:
    """Check that results of the config named `config` may go into `folder`.

    Raises:
        ConfigError: Something else than a folder is in the way, or the results of another config.
    """
    for step in (folder, *folder.parents):
        if (step.exists() or step.is_symlink()) and not step.is_dir():
            what = "a link to nothing" if step.is_symlink() and not step.exists() else "a file"
            raise ConfigError(f"results: {step} is {what}, expected a folder or a name not in use")
    if owner(folder) not in (None, config):
        raise ConfigError(
            f"results: {folder} holds the results of {owner(folder)}, not of {config}: "
            "give this config another `results` folder"
        )
