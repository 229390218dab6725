"""How long the search for close hashes takes, by NumPy and by faiss."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from mia.images.duplicates import hash_search

LIMIT = 10


def search(known: int, queries: int) -> dict[str, Any]:
    """Return seconds of finding `queries` hashes within `LIMIT` bits among `known`.

    Hashes are random; every other query is a known hash with 0 to `LIMIT` bits flipped. What both
    found is compared.

    Raises:
        ValueError: The two searches differ.
    """
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, known, dtype=np.uint64)
    asked = generator.integers(0, 2**64, queries, dtype=np.uint64)
    asked[::2] = hashes[generator.integers(0, known, len(asked[::2]))]
    for planted in range(0, queries, 2):
        flipped = generator.choice(64, planted // 2 % (LIMIT + 1), replace=False)
        asked[planted] ^= np.bitwise_or.reduce(np.uint64(1) << flipped.astype(np.uint64), initial=0)
    found, seconds = {}, {}
    for way in (hash_search.by_faiss, hash_search.by_numpy):
        start = time.monotonic()
        found[way.__name__] = way(asked, hashes, LIMIT, own=False)
        seconds[way.__name__] = round(time.monotonic() - start, 2)
    if not all(map(np.array_equal, *found.values())):
        raise ValueError(f"faiss and NumPy differ on {queries} of {known} hashes")
    return {"hashes": known, "queries": queries, "pairs": len(found["by_faiss"][0]), **seconds}
