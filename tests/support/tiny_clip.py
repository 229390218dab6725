"""A CLIP small enough for tests, saved as the hub's are: both towers, tokenizer, preparation."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel

from mia.file_hash import file_hash
from mia.models.training.tokenizer import train_tokenizer

SIZE, MEAN, SPREAD = 16, [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
TOKENS = 8


def tokenizer():
    return train_tokenizer(["a red cat", "a blue dog", "two old birds"], 300, TOKENS)


def build() -> CLIPModel:
    """Return a CLIP of random weights: images of 16 pixels, captions of 8 tokens."""
    torch.manual_seed(0)
    shared = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    shared |= {"num_attention_heads": 2, "projection_dim": 8}
    words = tokenizer()
    vision = {**shared, "image_size": SIZE, "patch_size": 4}
    text = {**shared, "vocab_size": len(words), "max_position_embeddings": TOKENS}
    text["eos_token_id"] = words.eos_token_id
    return CLIPModel(CLIPConfig(vision_config=vision, text_config=text, projection_dim=8)).eval()


def save(model: CLIPModel, folder: Path) -> dict[str, str]:
    """Save `model` with its tokenizer; return `path` and `sha256`, as a config has them."""
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    preparation = {"image_mean": MEAN, "image_std": SPREAD}
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    return {"path": str(folder), "sha256": file_hash(folder / "model.safetensors")}
