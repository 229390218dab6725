"""Which (image, query) pairs a ledger already answers, and which have to be measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import pandas as pd

from mia.query import Query
from mia.signals.shared.contract import columns_of, traits_of

EMBEDDED = " embedded"  # ends the column of hashes that count the image encoder too
AND = "+"  # stands in them before the hash of the encoder


def input_hashes(
    images: pd.DataFrame, inputs: Mapping[str, Any], encoder: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Return hashes of all that a number depends on besides the query and the signal's code.

    Args:
        images: Index `image_id`; `caption` and one column for each other caption, `alt-<name>`.
        inputs: What all images share: seed, resolution, dtype, model files, schedule, preparation.
        encoder: What embeddings depend on besides, where a query compares embeddings.

    Returns:
        Index `image_id`; column `null` (without a caption), and one for each caption (with it).
        With `encoder` there is each once more, for queries that compare embeddings (`input_kind`).
    """
    shared = json.dumps(inputs, sort_keys=True)
    kinds = [name for name in images if name == "caption" or name.startswith("alt-")]
    hashes = {
        kind: [_hash(f"{shared}\n{text}") for text in images[kind].fillna("").astype(str)]
        for kind in kinds
    }
    found = pd.DataFrame({"null": _hash(shared), **hashes}, index=images.index)
    if encoder is None:
        return found
    counted = found + AND + _hash(json.dumps(encoder, sort_keys=True))
    return found.join(counted.add_suffix(EMBEDDED))


def answered(
    rows: pd.DataFrame, hashes: pd.DataFrame, queries: Sequence[Query], signal: ModuleType
) -> dict[Query, pd.DataFrame]:
    """Return the rows that answer each query, from everything a ledger holds.

    Args:
        rows: What `Ledger.read` returned for one signal.
        hashes: What `input_hashes` returned; its index is the images wanted.
        queries: Queries of that signal.
        signal: Its module, for rows of one query that hold another's columns.

    Returns:
        Per query, index `image_id`, the signal's columns and `device`; images not answered are left
        out.
    """
    by_name = {name: table.set_index("image_id") for name, table in rows.groupby("query")}
    columns, traits = [*columns_of(signal), "device"], traits_of(signal)

    def held(query: Query, asked: Query) -> pd.DataFrame:
        """Return the rows of `query`, of any encoder if what is asked compares no embeddings."""
        table = by_name.get(query.name)
        if table is None:
            return pd.DataFrame(columns=columns, dtype=float)
        kind, inputs = input_kind(query, signal), table["input_hash"]
        if traits.compares_embeddings(query) and not traits.compares_embeddings(asked):
            kind, inputs = caption_kind(query), inputs.str.partition(AND)[0]
        return table.loc[inputs == hashes[kind].reindex(table.index), columns]

    result = {}
    for query in queries:
        tables = [held(query, query)]
        for wider in traits.answered_by(query):
            tables.append(traits.narrow(held(wider, query), query)[columns])
        together = pd.concat([table for table in tables if len(table)] or tables[:1])
        result[query] = together[~together.index.duplicated()]
    return result


def to_measure(
    answers: Mapping[Query, pd.DataFrame], image_ids: Sequence[str], signal: ModuleType
) -> dict[Query, list[str]]:
    """Return the images that each query must still be measured on.

    A query that another missing query answers along the way is not measured itself.
    """
    found, answered_by = {}, traits_of(signal).answered_by
    for query, rows in answers.items():
        if any(wider in answers for wider in answered_by(query)):
            continue
        done = set(rows.index)
        images = [image_id for image_id in image_ids if image_id not in done]
        if images:
            found[query] = images
    return found


def by_need(missing: Mapping[Query, Sequence[str]]) -> list[tuple[tuple[Query, ...], list[str]]]:
    """Return images grouped by the queries they lack, so that a group can share a batch."""
    need: dict[str, list[Query]] = {}
    for query in sorted(missing):
        for image_id in missing[query]:
            need.setdefault(image_id, []).append(query)
    groups: dict[tuple[Query, ...], list[str]] = {}
    for image_id in sorted(need):
        groups.setdefault(tuple(need[image_id]), []).append(image_id)
    return sorted(groups.items())


def caption_kind(query: Query) -> str:
    """Return the column of the caption that a query uses, or `null`."""
    return "caption" if query.condition == "both" else query.condition


def input_kind(query: Query, signal: ModuleType) -> str:
    """Return the column of `input_hashes` that a query has: its caption's, with the encoder or not.

    >>> from mia.signals import generation
    >>> input_kind(Query("generation", 0, further=(("embedded", True),)), generation)
    'caption embedded'
    """
    embedded = traits_of(signal).compares_embeddings(query)
    return f"{caption_kind(query)}{EMBEDDED if embedded else ''}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
