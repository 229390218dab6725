"""Calls of make in a copy of what it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from micro_experiment import PROJECT

VENV = "the venv's"


def make(
    folder: Path, *words: str, answer: str = "", **variables: str
) -> subprocess.CompletedProcess:
    """Run make as a user does, without what the make that runs these tests has left for it."""
    environment = {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL"}}
    return subprocess.run(
        ["make", *words, *(f"{name}={value}" for name, value in variables.items())],
        cwd=folder,
        env=environment,
        input=answer,
        capture_output=True,
        text=True,
    )


def laid_out(folder: Path) -> Path:
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        folder.mkdir(exist_ok=True)
        shutil.copy2(PROJECT / name, folder)
    if not (folder / "workflow").exists():
        (folder / "workflow").symlink_to(PROJECT / "workflow")
    (folder / "tests").mkdir(exist_ok=True)
    (folder / VENV).mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / VENV / name).symlink_to(Path(sys.prefix) / name)
    (folder / VENV / ".stamp").touch()
    return folder
