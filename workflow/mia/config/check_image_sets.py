"""What a schema cannot say about an image set: where its rows are, what its parts are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mia.images.sources.shared.keys import has_own_rows, missing


def mistakes(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield a line for each mistake in an image set; `key` is named in it."""
    for needed in missing(spec):
        yield f"{key}: missing key {needed!r} (source {spec['source']})"
    if spec["source"] == "builtin":
        yield from _collections(spec.get("parts", {}), key)
    yield from _names(spec, key)
    embedding = spec["duplicates"].get("embedding")
    if embedding and embedding["review"] > embedding["drop"]:
        yield (
            f"{key}.duplicates.embedding.review: {embedding['review']} is above drop, "
            f"{embedding['drop']}"
        )


def _collections(parts: Mapping[str, Mapping[str, Any]], key: str) -> Iterator[str]:
    """Each part of a built-in set takes a collection of its own."""
    owner: dict[str, str] = {}
    for name, part in parts.items():
        collection = part.get("collection")
        if collection is None:
            yield f"{key}.parts.{name}: missing key 'collection' (source builtin)"
        elif collection in owner:
            yield f"{key}.parts.{name}.collection: {owner[collection]!r} takes {collection} already"
        else:
            owner[collection] = name


def _names(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Parts by source, parts by split and the part of what is left over: no two of one name."""
    split = spec.get("split", {})
    own = "rest" if split else "all" if has_own_rows(spec) else None
    names = Counter([*spec.get("parts", {}), *split, *filter(None, [own])])
    for name in [name for name, count in names.items() if count > 1]:
        what = f"what is left over is {name!r}" if name == own else "`parts` has it too"
        yield f"{key}.{'split' if name in split else 'parts'}.{name}: {what}; give it another name"
    if split and not has_own_rows(spec):
        yield f"{key}.split: every row belongs to one of `parts`, so that none is left to split"
