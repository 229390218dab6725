"""What an error shows of a given value: enough to find the value, never all of it."""

from __future__ import annotations

from typing import Any

LONGEST = 200  # characters


def excerpt(value: Any) -> str:
    """Return a value as Python spells it; a long one is cut to its start and its length.

    >>> excerpt("a cat")
    "'a cat'"
    >>> excerpt("x" * 1000)[-22:]
    "xxxxx'… (1,000 in all)"
    """
    if isinstance(value, (str, bytes)) and len(value) > LONGEST:
        return f"{cut(repr(value[:LONGEST]))}… ({len(value):,} in all)"
    return cut(repr(value))


def listed(names: Any, most: int = 20) -> str:
    """Return names joined by commas; long names are cut, and only the first `most` are listed.

    A name that looks like another in a message is quoted.

    >>> print(listed(["url", " caption"]), listed([]), sep="; ")
    url, ' caption'; none
    """
    names = [cut(name if name == name.strip() else repr(name)) for name in map(str, names)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more or "none"


def cut(text: str) -> str:
    """Return a text; a long one loses its end."""
    return text if len(text) <= LONGEST + 2 else f"{text[:LONGEST]}…"
