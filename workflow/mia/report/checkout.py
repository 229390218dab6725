"""Which commit of the pipeline this is, where it is a git checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def commit(root: Path = ROOT) -> str | None:
    """Return the commit checked out at `root`, and whether tracked files were changed since.

    Args:
        root: Top of the pipeline. A repository further up is not the pipeline's and not asked.

    Returns:
        40 hexadecimal digits, then ` with uncommitted changes` where there are any; None without
        git or without a checkout.
    """
    if _git(root, "rev-parse", "--show-prefix") != "":
        return None
    head = _git(root, "rev-parse", "--verify", "HEAD")
    if head is None:
        return None
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{head} with uncommitted changes" if changed else head


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where it fails or is not there."""
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()
