"""Load the tokenizer of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_tokenizer(folder: Path, name: str = "CLIPTokenizer") -> Any:
    """Return the tokenizer of a local folder, of a class of transformers.

    No code of the folder is run.
    """
    import transformers

    kind = getattr(transformers, name)
    return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
