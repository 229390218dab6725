"""What a schema cannot say about an image set: where its rows are, what its parts are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mia.images.sources.shared.needed import has_own_rows, missing
from mia.images.sources.shared.shelf import source


def mistakes(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield a line for each mistake in an image set; `key` is named in it."""
    if lacks := missing(spec):
        yield from (f"{key}: missing key {lack!r} (source {spec['source']})" for lack in lacks)
    else:
        yield from source(spec["source"]).mistakes(spec, key)
    yield from _names(spec, key)
    embedding = spec["duplicates"].get("embedding")
    if embedding and not source(spec["source"]).has_images:
        yield f"{key}.duplicates.embedding: source {spec['source']} has no images to embed"
    if embedding and embedding["review"] > embedding["drop"]:
        yield (
            f"{key}.duplicates.embedding.review: {embedding['review']} is above drop, "
            f"{embedding['drop']}"
        )


def _names(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield a line for each name that two parts share: of sources, of the split, or left over."""
    split = spec.get("split", {})
    own = "rest" if split else "all" if has_own_rows(spec) else None
    names = Counter([*spec.get("parts", {}), *split, *filter(None, [own])])
    for name in [name for name, count in names.items() if count > 1]:
        what = f"what is left over is {name!r}" if name == own else "`parts` has it too"
        yield f"{key}.{'split' if name in split else 'parts'}.{name}: {what}; give it another name"
    if split and not has_own_rows(spec):
        yield f"{key}.split: every row belongs to one of `parts`, so that none is left to split"
