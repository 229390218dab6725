"""What a schema cannot say about an index of known training images: what its table must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.config.errors import ConfigError, nearest
from mia.targets.known_pictures import DIGITS, columns
from mia.targets.known_vectors import KnownVectors


def check_index(
    spec: Mapping[str, Any], key: str, image_set: str, embedding: Mapping[str, Any] | None
) -> None:
    """Check that the table has the columns that are named, and that its embeddings can be compared.

    Args:
        spec: A target's `known`.
        key: Where in the config, for messages.
        image_set: The set of the target's members.
        embedding: That set's `duplicates.embedding`, if it has one.

    Raises:
        ConfigError: Names the key, the table and the column, and what was expected.
    """
    from mia.given.cells import Column
    from mia.given.table import GivenTable

    if not (named := columns(spec)):
        raise ConfigError(f"{key}: expected the key 'phash', 'sha256' or 'embedding', a column")
    try:
        found = (table := GivenTable(spec["path"])).columns
    except ValueError as error:
        raise ConfigError(f"{key}.path: {error}") from error
    for kind, column in named.items():
        if column not in found:
            hint = nearest(column, found)
            raise ConfigError(f"{key}.{kind}: {table.called}: no column {column!r}; {hint}")
        try:
            table.require([Column(column, "a hash")] if kind in DIGITS else [])
        except ValueError as error:
            raise ConfigError(f"{key}.{kind}: {error}") from error
    if ("embedding" in spec) != ("embedding_model" in spec):
        raise ConfigError(f"{key}: 'embedding' and 'embedding_model' need each other")
    if "embedding" in spec:
        _check_embedding(spec, key, image_set, embedding)


def _check_embedding(
    spec: Mapping[str, Any], key: str, image_set: str, embedding: Mapping[str, Any] | None
) -> None:
    if embedding is None:
        raise ConfigError(f"{key}.embedding: image set {image_set!r} has no duplicates.embedding")
    if spec["embedding_model"] != embedding["sha256"]:
        raise ConfigError(
            f"{key}.embedding_model: {spec['embedding_model']}; expected that of image set "
            f"{image_set!r}, {embedding['sha256']}: embeddings of two models cannot be compared"
        )
    try:
        KnownVectors(spec["path"], spec["embedding"])
    except ValueError as error:
        raise ConfigError(f"{key}.embedding: {error}") from error
