"""Tiny text encoders and tokenizers of the kinds that pipelines have."""

from __future__ import annotations

from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    GemmaTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from mia.models.training.tokenizer import train_tokenizer

TEXTS = ["a red cat", "a blue dog", "two birds"]
WIDTH = 32  # of one CLIP, and of T5 and Gemma by default


def clip_tokenizer(length=8):
    return train_tokenizer(TEXTS, 400, length)


def clip(tokenizer, projected=False, width=WIDTH):
    """Return an untrained CLIP text encoder of three layers, so that the last but one differs."""
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=tokenizer.model_max_length,
        projection_dim=width // 2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def t5_tokenizer():
    """Return a tokenizer of T5's class that knows letters and the words of `TEXTS`."""
    words = sorted({f"▁{word}" for text in TEXTS for word in text.split()})
    pieces = [*words, "▁", *"abcdefghijklmnopqrstuvwxyz"]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    return T5Tokenizer(vocab=[*special, *((piece, -1.0) for piece in pieces)], extra_ids=0)


def t5(tokenizer, width=WIDTH):
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=width,
        d_kv=width // 2,
        d_ff=2 * width,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
    )
    return T5EncoderModel(config).eval()


def gemma_tokenizer():
    """Return a tokenizer of Gemma's class that knows letters, each a token."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    letters = [*"abcdefghijklmnopqrstuvwxyz", "▁"]
    vocabulary = {piece: number for number, piece in enumerate([*special, *letters])}
    return GemmaTokenizer(vocab=vocabulary, merges=[], add_bos_token=True)


def gemma(tokenizer, width=WIDTH):
    config = Gemma2Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Gemma2Model(config).eval()
