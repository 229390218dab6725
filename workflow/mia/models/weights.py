"""Are a model's files still those that model.json or vae.json was made from?"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from mia.file_hash import file_hash
from mia.seal import UnreadableFile


def require_described(described: dict[str, Any], where: str | Path) -> None:
    """Raise an UnreadableFile unless every file has the sha256 that its description says.

    Args:
        described: Has `folder` and `files`: model.json, or the block `vae`. For a
            checkpoint of a training, the message says to remove its index: without it, the
            checkpoint is taken from the ledger again.
        where: The description's own path, for the message.
    """
    for name, expected in described["files"].items():
        path = Path(described["folder"], name)
        found = file_hash(path) if path.is_file() else "of no file"
        if found != expected:
            merged = "lora" in described
            trained = described.get("source") == "training" and not merged
            made_by = Path(described["folder"]).parents[1] / "index.json" if trained else where
            way = "Put back the right file; or, to go on with this one as another model"
            raise UnreadableFile(
                f"{path}: damaged or exchanged: its sha256 is {found}, not {expected} as in "
                f"{where}. {'To have it made anew' if trained or merged else way}: "
                f"rm {shlex.quote(str(made_by))}, then run again"
            )
