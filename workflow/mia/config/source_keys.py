"""Put the config keys that kinds of image sources declare into the schema of a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.images.sources.shared.contract import Key
from mia.images.sources.shared.shelf import known_sources, source


def with_source_keys(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with the key `source` and the keys that every kind of source declares.

    Each key has `sources`, the kinds that read it.
    """
    image_set = schema["$defs"]["image_set"]
    own, parts = image_set["properties"], image_set["properties"]["parts"]
    of_parts = parts["additionalProperties"]
    keys = source_keys()
    brought = {name: _property(by_source) for name, by_source in keys.items()}
    in_parts = {
        name: {**_without_default(brought[name]), "description": "As above, of this part."}
        for name, by_source in keys.items()
        if _one(by_source).in_parts
    }
    parts = {
        **parts,
        "additionalProperties": {
            **of_parts,
            "properties": {**in_parts, **of_parts["properties"]},
        },
    }
    properties = {"source": _kinds(), **brought, **own, "parts": parts}
    definitions = {**schema["$defs"], "image_set": {**image_set, "properties": properties}}
    return {**schema, "$defs": definitions}


def source_keys() -> dict[str, dict[str, Key]]:
    """Return, by key and by source, what each source says of a key that it reads.

    Raises:
        ValueError: Two sources expect different values of one key.
    """
    found: dict[str, dict[str, Key]] = {}
    for kind in known_sources():
        for name, key in source(kind).keys.items():
            found.setdefault(name, {})[kind] = key
    for name, by_source in found.items():
        if any(_form(key) != _form(_one(by_source)) for key in by_source.values()):
            raise ValueError(f"image sources {', '.join(by_source)}: keys {name!r} differ in form")
    return found


def _form(key: Key) -> tuple[Mapping[str, Any], bool]:
    return key.form, key.in_parts


def _one(by_source: Mapping[str, Key]) -> Key:
    return next(iter(by_source.values()))


def _property(by_source: Mapping[str, Key]) -> dict[str, Any]:
    """The schema of a key: its values, who reads it, and what each of them says of it."""
    readers: dict[str, list[str]] = {}
    for kind, key in by_source.items():
        readers.setdefault(key.about, []).append(f"`{kind}`")
    said = " ".join(f"{about} ({', '.join(kinds)})" for about, kinds in readers.items())
    return {**_one(by_source).form, "sources": list(by_source), "description": said}


def _kinds() -> dict[str, Any]:
    said = "; ".join(f"`{kind}`: {source(kind).about}" for kind in known_sources())
    return {"enum": known_sources(), "description": f"{said}."}


def _without_default(form: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in form.items() if key not in ("default", "sources")}
