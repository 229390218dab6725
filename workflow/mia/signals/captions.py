"""`captions`: the noised latent's estimate under a changed caption, same draw.

`variant` is one of
- `third-1`, `third-2`, `third-3`: one third of the words (CLiD's clipping);
- `drop-30`, `drop-50`, `drop-70`: without that percentage of the most important words (CLiD's
  importance truncation). A word's importance is how far the text encoder's states move without it;
- `shuffled`: all words, in an order drawn from the image's identity.

A row holds `l1_variant`, `loss_variant`, `l4_variant`: mean |r|, r², r⁴ of r = ε − ε̂(z_t, t, c*).
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mia.query import Query

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows
    from mia.models.conditioning import Conditioning

MEASURES = ("l1_variant", "loss_variant", "l4_variant")


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    return frozenset({("noised", query.timestep, query.draw, *query.further)})


def reads_words(query: Query) -> bool:
    """Return that every query cuts or shuffles words."""
    return True


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    variant = rows.further["variant"]
    noise = batch.noise(rows)
    estimate = batch.epsilon(batch.noised(rows, noise), rows, rows.condition, _told(batch, variant))
    residual = (noise - estimate).flatten(1).double().abs()
    return torch.stack([(residual**p).mean(1) for p in (1, 2, 4)], dim=1)


def embeds(batch: Batch, queries: Sequence[Query]) -> list[str]:
    """Return the changed captions that `queries` ask for."""
    variants = sorted({dict(query.further)["variant"] for query in queries})
    return [text for variant in variants for text in changed(batch, variant)]


def _told(batch: Batch, variant: str) -> Conditioning:
    """Return what the model is told of every image by its changed caption."""
    return batch.once(("told", variant), lambda: batch.embed(changed(batch, variant)))


def changed(batch: Batch, variant: str) -> list[str]:
    """Return every image's changed caption."""
    pairs = zip(batch.captions, batch.image_ids, strict=True)
    if variant.startswith("drop-"):
        share = int(variant.removeprefix("drop-")) / 100
        return [without(text, importance(batch, text), share) for text, _ in pairs]
    if variant == "shuffled":
        return [shuffled(text, image_id) for text, image_id in pairs]
    return [third(text, int(variant.removeprefix("third-"))) for text, _ in pairs]


def third(caption: str, number: int) -> str:
    """Return the first, second or last third of the words, as even as can be.

    >>> [third("a b c d", number) for number in (1, 2, 3)]
    ['a b', 'c', 'd']
    """
    return " ".join(np.array_split(caption.split(), 3)[number - 1])


def without(caption: str, importances: np.ndarray, share: float) -> str:
    """Return the caption without `share` of its most important words, at least one; order kept.

    >>> without("a red cat", np.array([0.0, 1.0, 2.0]), 0.5)
    'a'
    """
    words = caption.split()
    count = max(1, round(share * len(words)))
    dropped = set(np.argsort(-importances, kind="stable")[:count].tolist())
    return " ".join(word for i, word in enumerate(words) if i not in dropped)


def importance(batch: Batch, caption: str) -> np.ndarray:
    """Return how far the text encoder's states move (L2) without each word, `(words,)`."""
    words, key = caption.split(), ("importance", caption)
    if not words:
        return np.zeros(0)
    if key not in batch.learnt:
        texts = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
        states = batch.denoiser.embed([caption, *texts])["states"].flatten(1).double()
        batch.learnt[key] = (states[1:] - states[0]).norm(dim=1).cpu().numpy()
    return batch.learnt[key]


def shuffled(caption: str, image_id: str) -> str:
    """Return the words in an order that depends on the caption's image alone."""
    digest = hashlib.sha256(f"shuffled:{image_id}".encode()).digest()
    words = np.array(caption.split(), dtype=object)
    return " ".join(np.random.default_rng(list(digest)).permutation(words))
