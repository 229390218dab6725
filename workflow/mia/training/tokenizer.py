"""A small byte-pair vocabulary for captions, in CLIP's tokenizer format."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tokenizers import pre_tokenizers, trainers
from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(captions: Sequence[str], entries: int, length: int) -> CLIPTokenizer:
    """Learn `entries` tokens from `captions`; texts are padded or cut to `length` tokens.

    Every byte has a token, so no caption is outside the vocabulary.
    """
    learner = CLIPTokenizer().backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=entries,
        special_tokens=[START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator(sorted(captions), trainer)
    model = json.loads(learner.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    return CLIPTokenizer(vocab=model["vocab"], merges=merges, model_max_length=length)
