"""A check of models with several text encoders, some of which may be left out."""

from __future__ import annotations

from mia.models.model_configs import Configs
from mia.models.model_json import ModelError


def require_tokenizers(configs: Configs) -> None:
    """Raise ModelError unless every text encoder of the model has its tokenizer."""
    for name in configs.parts:
        tokenizer = name.replace("text_encoder", "tokenizer")
        if tokenizer != name and tokenizer not in configs.classes:
            raise ModelError(
                f"{configs.folder / 'model_index.json'}: {tokenizer}: null; "
                f"expected the tokenizer of {name}"
            )
