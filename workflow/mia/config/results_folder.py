"""The folder of an experiment's results: whose it is, and what the pipeline puts into it."""

from __future__ import annotations

import re
from pathlib import Path

from mia import result_paths
from mia.config.errors import ConfigError
from mia.runs import RUNS

IDENTITY = ".experiment"  # holds the name of the config
# All that rules and reports make in it: `*` is a name, `**` a path. Anything else is not ours.
# A whole tree belongs to a training, to its ledger, to a merged model and to the answers of one.
_TREES = """
training/*/** models/*/merged/** ledger/train/** queries/*/*/** ledger/measure/*/*/*
tables/answers.csv tables/metrics.csv tables/pairwise.csv tables/set_test.csv tables/summary.*
tables/detections.csv tables/compare.csv tables/generated.csv tables/checksums.json
logs/**.log benchmarks/**.tsv snakemake-report.html comparison.csv
"""
_FILES = (re.sub(r"\{\w+\}", "*", path) for path in result_paths.FILES)
PATTERNS = (*_FILES, *_TREES.split(), f"{RUNS}/*", IDENTITY)
MADE = tuple(dict.fromkeys(pattern.split("/")[0] for pattern in PATTERNS))
_ANY = "|".join(
    re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]+") for pattern in PATTERNS
)
_TOPS = "|".join(map(re.escape, MADE))
# Files and folders that a killed job left half written, and locks.
_LEFT = rf"(?:\.(?:{_TOPS})\..*|(?:{_TOPS})/(?:.*/)?\.[^/]+)\.(?:tmp|lock)(?:/.*)?"
_MADE_HERE = re.compile(f"{_ANY}|{_LEFT}", re.DOTALL)


def made_here(name: str) -> bool:
    """Return whether the pipeline makes a file of this name, or left it when killed.

    The name is relative to the results folder.

    >>> made_here("images/mine/manifest.parquet"), made_here("images/holiday.jpg")
    (True, False)
    """
    return bool(_MADE_HERE.fullmatch(name))


def owner(folder: Path) -> str | None:
    """Return the name of the config whose results lie in `folder`; None if nothing says so."""
    note = folder / IDENTITY
    return note.read_text(encoding="utf-8").strip() if note.is_file() else None


def check(folder: Path, config: str) -> None:
    """Check that results of the config named `config` may go into `folder`.

    Raises:
        ConfigError: The path is no folder; or the folder holds the results of another config; or
            it is nobody's yet and holds files that would lie among the results.
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
    if owner(folder) is None and (name := _in_use(folder)):
        raise ConfigError(
            f"results: {folder} holds {name}, where results would go, and no {IDENTITY} that says "
            "whose it is: give this config another `results` folder or move that away; if these "
            f"are its results, write {config} into {folder / IDENTITY}"
        )


def _in_use(folder: Path) -> str | None:
    """Return the first name of `MADE` that holds something; a run killed early leaves notes."""
    for name in MADE:
        path = folder / name
        if name == RUNS or not (path.exists() or path.is_symlink()):
            continue
        if not path.is_dir() or any(path.iterdir()):
            return name
    return None
