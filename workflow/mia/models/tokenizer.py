"""Load the tokenizer of a model."""

from __future__ import annotations

from pathlib import Path

from transformers import CLIPTokenizer


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    """Return the CLIP tokenizer of a local folder; no code of the folder is run."""
    return CLIPTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
