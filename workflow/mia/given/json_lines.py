"""Read JSON Lines, an object a line: cells by the rules of `mia.given.cells`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mia.excerpt import excerpt, listed
from mia.given.cells import Column

Record = dict[str, Any]


def records(path: str | Path, called: str) -> Iterator[tuple[int, Record]]:
    """Yield the number of each line that is not blank, from 1, and its object.

    Raises:
        ValueError: A line is no object, or the file is not UTF-8 or has no line.
    """
    number = 0
    try:
        with open(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, parsed(line, f"{called}: line {number}")
    except UnicodeDecodeError as error:
        raise ValueError(f"{called}: after line {number}: not UTF-8: {error}") from error
    except OSError as error:
        raise ValueError(f"{called}: cannot be read: {error.strerror}") from error
    if not number:
        raise ValueError(f"{called}: empty; expected an object a line")


def parsed(data: str | bytes, called: str) -> Record:
    """Return the object in a text; a ValueError if it is none, or names a key twice."""
    try:
        found = json.loads(data, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{called}: no sound JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{called}: {excerpt(found)}; expected an object, {{…}}")
    return found


def _object(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key stands twice among {listed(key for key, _ in pairs)}")
    return found


def text(value: Any, column: Column, called: str) -> str | None:
    """Return the text of a cell, None if it is empty.

    A list gives its first entry, an integer its digits; NaN is empty.

    Raises:
        ValueError: The cell is no text: a number with a point, a truth value, an object. In a
            column of numbers the first two are texts too.

    >>> text(["a cat", "a dog"], Column("caption"), "a.jsonl: line 1")
    'a cat'
    """
    if isinstance(value, list):
        return text(value[0], column, called) if value else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str) and "\0" not in value:
        return value.strip().lower() if column.digits else value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (bool, float)) and column.numbers:
        return repr(value).lower()
    held = f"an object with the keys {listed(value)}" if isinstance(value, dict) else excerpt(value)
    raise ValueError(f"{called}: {column.name!r} holds {held}; expected {column.expected}")
