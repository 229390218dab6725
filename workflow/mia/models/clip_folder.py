"""A CLIP model's folder in the hub's format: which towers it has, and its promised weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mia.file_hash import file_hash
from mia.models.folder_entries import entries
from mia.models.model_json import ModelError, require_file, require_no_code
from mia.models.model_json import read_json as read_model_json
from mia.models.safetensors_file import damage, not_finite

WEIGHTS, CONFIG, PREPARATION = "model.safetensors", "config.json", "preprocessor_config.json"
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
KINDS = ("clip", "clip_vision_model")
EMBEDDING, TEXT = "embedding", "text"
WORDS = "words"  # captions in the space that images share: for attacks alone, no audit


def encoder_name(spec: Mapping[str, Any]) -> str:
    """Return 12 hexadecimal digits that stand for `path` and `sha256` of a spec in file names."""
    promised = json.dumps([spec["path"], spec["sha256"]])
    return hashlib.sha256(promised.encode()).hexdigest()[:12]


def all_channels(folder: Path) -> tuple[str, ...]:
    """Return `channels`, and `WORDS` if captions can be embedded: what any attack may read."""
    found = channels(folder)
    return (*found, WORDS) if TEXT in found else found


def channels(folder: Path) -> tuple[str, ...]:
    """Return what the model embeds: images (`EMBEDDING`), and captions (`TEXT`) if it can.

    Captions need a text encoder, which a `clip_vision_model` lacks, and its tokenizer.

    Raises:
        ModelError: A file is missing, a JSON file names code to run, or it is no CLIP model with an
            image encoder.
    """
    kind = read_json(folder / CONFIG).get("model_type")
    if kind not in KINDS:
        raise ModelError(f"{folder / CONFIG}: model_type {kind!r}: expected {' or '.join(KINDS)}")
    for path in entries(folder, ".json"):
        require_no_code(path)
    tokenizer = any(all((folder / name).is_file() for name in names) for names in TOKENIZERS)
    return (EMBEDDING, TEXT) if kind == "clip" and tokenizer else (EMBEDDING,)


def require_weights(folder: Path, expected: str) -> None:
    """Raise ModelError unless the weights are there, finite and of the promised sha256."""
    path = folder / WEIGHTS
    require_file(path, "weights are read from safetensors only, never a pickle")
    if (found := file_hash(path)) != expected:
        raise ModelError(f"{path}: sha256 {found}; the config promises {expected}")
    with path.open("rb") as file:
        if wrong := damage(file, path.stat().st_size):
            raise ModelError(f"{path}: not a whole safetensors file: {wrong}")
    if name := not_finite(path):
        raise ModelError(f"{path}: {name} holds NaN or infinity; expected finite weights")


def read_json(path: Path) -> dict[str, Any]:
    """Return the contents of a JSON file; raise ModelError where it is missing or is none."""
    return read_model_json(path, "expected a CLIP model's folder in the hub's format")
