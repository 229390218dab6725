"""What every job finds in its environment: this interpreter, this checkout, quiet libraries."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prepare(workflow: Path) -> None:
    """Let jobs run `python -m mia.stages.x` with this interpreter from `workflow`.

    On a cluster every job reads the Snakefile again, so it holds there too. Libraries of the torch
    jobs warn of nothing that concerns us here; logs stay readable.
    """
    _prepend("PYTHONPATH", workflow)
    _prepend("PATH", Path(sys.executable).parent)
    os.environ |= {"DIFFUSERS_VERBOSITY": "error", "TRANSFORMERS_VERBOSITY": "error"}


def _prepend(variable: str, path: Path) -> None:
    old = os.environ.get(variable)
    os.environ[variable] = os.pathsep.join(filter(None, [str(path), old]))
