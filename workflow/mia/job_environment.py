"""What every job finds in its environment: this interpreter, this checkout, no input to read."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prepare(workflow: Path) -> None:
    """Let jobs run `python -m mia.stages.x` with this interpreter from `workflow`.

    On a cluster every job reads the Snakefile again, so this holds there too. Warnings of the
    libraries that torch jobs use go to the job's log. Standard input is empty from here on, so that
    nobody answers a question in a job whose output goes to a log.
    """
    _prepend("PYTHONPATH", workflow)
    _prepend("PATH", Path(sys.executable).parent)
    os.environ |= {"DIFFUSERS_VERBOSITY": "warning", "TRANSFORMERS_VERBOSITY": "warning"}
    _empty_input()


def _empty_input() -> None:
    """Let this process and those that it starts read nothing from standard input."""
    empty = os.open(os.devnull, os.O_RDONLY)
    if empty != 0:
        os.dup2(empty, 0)
        os.close(empty)


def _prepend(variable: str, path: Path) -> None:
    old = os.environ.get(variable)
    os.environ[variable] = os.pathsep.join(filter(None, [str(path), old]))
