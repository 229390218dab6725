"""The page on config keys: every key of the schema, its type, default and meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """\
Generated from `workflow/schemas/config.schema.yaml` and the files of `mia.images.sources` by
`make docs`; edit those, not this page.

# Config keys

An experiment is one YAML file. `make run` reads `config/config.yaml`; another one is named, as in
`make run CONFIG=config/tiny.yaml`, and takes the default's place: the two are never merged. A file
is checked before anything runs, and each mistake is a line: YAML that cannot be read, with line and
column; a key that stands twice; an unknown key, attack or parameter, with the nearest known name; a
key that the source of its image set or model does not read; a file or folder that is not there;
`device: cuda` where jobs run on this machine and it shows no GPU. `make why` names them too. (Of a
file behind `--configfile` that is not there or not YAML, Snakemake itself speaks first where it is
called without make, and names no line.)

- *required*: the key has to be given. A dash: it has no default and may be left out, unless its
  meaning says for which case it is needed.
- `<name>` is chosen by you: a small letter, then up to 40 small letters, digits, `_` or `-`.
- Paths are relative to the working directory.
"""

NAME = "<name>"
REFERENCES = {"part_or_set": "`set` or `set:part`", "name": "name"}
WORDS = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "true or false",
    "array": "list of texts",
}


def page(schema: Mapping[str, Any]) -> str:
    """Return the page as Markdown, one table per section of the config.

    Args:
        schema: The JSON schema of a config.
    """
    parts = [HEAD]
    for path, section in sections(schema):
        title = f"`{path}`" if path else "Top level"
        depth = path.replace(f".{NAME}", "").count(".")
        parts.append(f"{'#' * (2 + depth)} {title}\n")
        if path and section.get("description"):
            parts.append(section["description"].strip() + "\n")
        parts.append(_table(path, section, schema))
    return "\n".join(parts)


def sections(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, object schema) of everything that has keys of its own, in reading order."""
    yield "", dict(schema)
    yield from _below("", schema, schema)


def keys(schema: Mapping[str, Any]) -> list[str]:
    """Return the path of every key, as the page names them.

    >>> keys({"properties": {"seed": {}, "sets": {"additionalProperties": {
    ...     "properties": {"limit": {}}}}}})
    ['seed', 'sets', 'sets.<name>.limit']
    """
    return [_join(path, key) for path, section in sections(schema) for key in section["properties"]]


def _below(path: str, section: Mapping, root: Mapping) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, schema in section["properties"].items():
        inner, named = _inner(schema, root)
        if inner is None:
            continue
        here = _join(path, f"{key}.{NAME}" if named else key)
        described = {"description": schema.get("description", ""), **inner}
        yield here, described
        yield from _below(here, described, root)


def _inner(schema: Mapping, root: Mapping) -> tuple[dict[str, Any] | None, bool]:
    """Return what has keys of its own below `schema`, and whether a chosen name lies between."""
    schema = _resolved(schema, root)
    if "properties" in schema:
        return schema, False
    others = schema.get("additionalProperties")
    others = _resolved(others, root) if isinstance(others, dict) else {}
    return (others, True) if "properties" in others else (None, False)


def _table(path: str, section: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    for key, schema in section["properties"].items():
        if key in section.get("required", []):
            default = "*required*"
        elif _inner(schema, root)[0] or "default" not in schema:
            default = "–"
        else:
            default = f"`{json.dumps(schema['default'], ensure_ascii=False)}`"
        meaning = " ".join(schema.get("description", "").split())
        cells = (f"`{_join(path, key)}`", kind(schema, root), default, meaning)
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def kind(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """Say in words which values a key takes.

    >>> kind({"type": "integer", "minimum": 1, "maximum": 9}, {})
    'integer, from 1, to 9'
    >>> kind({"type": "array", "items": {"type": "integer", "multipleOf": 8}}, {})
    'list of: integer, multiple of 8'
    >>> kind({"enum": ["cpu", "cuda"]}, {})
    '`cpu` or `cuda`'
    >>> kind({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, {})
    'text or list of: text'
    """
    reference = schema.get("$ref", "").rsplit("/", 1)[-1]
    if reference in REFERENCES:
        return REFERENCES[reference]
    inner, named = _inner(schema, root)
    schema = _resolved(schema, root)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if inner:
        return "a section per name, see below" if named else "section, see below"
    if "oneOf" in schema:
        return " or ".join(kind(one, root) for one in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of: {kind(schema['items'], root)}"
    if schema.get("type") == "object":
        return f"name to {kind(schema['additionalProperties'], root)}"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return ", ".join([" or ".join(WORDS[name] for name in types), *_limits(schema)])


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "minimum": "from",
        "exclusiveMinimum": "above",
        "maximum": "to",
        "exclusiveMaximum": "below",
        "multipleOf": "multiple of",
    }
    yield from (f"{word} {schema[key]}" for key, word in words.items() if key in schema)


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Follow `$ref`; what stands beside it wins."""
    if "$ref" not in schema:
        return dict(schema)
    return {**root["$defs"][schema["$ref"].rsplit("/", 1)[1]], **schema}


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
