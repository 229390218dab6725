"""A T5 text encoder and its tokenizer, small enough for tests."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import T5Config, T5EncoderModel, T5Tokenizer

WORDS = ("a red cat", "a blue dog", "two birds in a tree", "the quick brown fox")
SPECIAL = ("<pad>", "</s>", "<unk>")
PIECES, ENTRIES = 96, 200  # of the tokenizer; of the text encoder


def t5_tokenizer() -> T5Tokenizer:
    """Return a tokenizer of pieces learnt from a few words, each letter among them."""
    learnt = Tokenizer(models.Unigram())
    learnt.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False
    )
    learnt.train_from_iterator(WORDS * 20, trainer)
    pieces = sorted(learnt.get_vocab().items(), key=lambda pair: pair[1])
    vocabulary = [(piece, 0.0 if piece in SPECIAL else -2.0 - i / 10) for piece, i in pieces]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)


def save_spiece(folder: Path) -> None:
    """Write `spiece.model` alone: the form of T5's first publication."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS * 20),
        model_prefix=str(folder / "spiece"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    )
    (folder / "spiece.vocab").unlink()


def t5_encoder(width: int = 32) -> T5EncoderModel:
    """Return an untrained text encoder."""
    sizes = {"d_ff": 2 * width, "d_kv": 8, "num_heads": 2, "num_layers": 1}
    return T5EncoderModel(T5Config(vocab_size=ENTRIES, d_model=width, **sizes)).eval()
