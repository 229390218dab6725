"""A small byte-pair vocabulary for captions, in CLIP's tokenizer format.

The merges are learnt here (Sennrich et al. 2016, arXiv 1508.07909, alg. 1), since the library's
trainer breaks ties by the order of a hash map and so learns another vocabulary in every run.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence

from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

START, END, WORD_END = "<|startoftext|>", "<|endoftext|>", "</w>"


def train_tokenizer(captions: Sequence[str], entries: int, length: int) -> CLIPTokenizer:
    """Return a tokenizer of at most `entries` tokens, learnt from `captions`.

    It pads or cuts texts to `length` tokens. Every byte has a token, so no caption is
    outside the vocabulary. Equal captions give an equal vocabulary, whatever their order.
    """
    words = Counter(word for caption in captions for word in _words(caption))
    ends = sorted({f"{word[-1]}{WORD_END}" for word in words})
    tokens = [START, END, *sorted(pre_tokenizers.ByteLevel.alphabet()), *ends]
    merges = learn_merges(words, entries - len(tokens))
    tokens += dict.fromkeys(first + second for first, second in merges)
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=length)


def learn_merges(words: Counter[str], count: int) -> list[tuple[str, str]]:
    """Return up to `count` merges: each the most frequent pair, of equals the first in order.

    >>> learn_merges(Counter({"aab": 2, "ab": 1}), 2)
    [('a', 'b</w>'), ('a', 'ab</w>')]
    """
    spelt = {word: [*word[:-1], f"{word[-1]}{WORD_END}"] for word in words}
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for word in words:
        _count(spelt[word], words[word], word, counts, places)
    merges: list[tuple[str, str]] = []
    while len(merges) < count and (pairs := [pair for pair, n in counts.items() if n > 0]):
        best = min(pairs, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        for word in sorted(places.pop(best)):
            _count(spelt[word], -words[word], word, counts, places)
            spelt[word] = _merged(spelt[word], best)
            _count(spelt[word], words[word], word, counts, places)
    return merges


def _count(symbols: list[str], weight: int, word: str, counts: Counter, places: dict) -> None:
    for pair in itertools.pairwise(symbols):
        counts[pair] += weight
        places[pair].add(word)


def _merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return merged


def _words(caption: str) -> list[str]:
    """Return the words as CLIP's tokenizer cuts them, in its byte alphabet."""
    backend = _BLANK.backend_tokenizer
    text = backend.normalizer.normalize_str(caption)
    return [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(text) if word]


_BLANK = CLIPTokenizer()
