"""What an error may show of a value that somebody wrote: enough to find it, never all of it."""

from __future__ import annotations

from typing import Any

LONGEST = 200  # characters


def excerpt(value: Any) -> str:
    """Return a value as Python spells it, and of a long one the start and how long it is.

    >>> excerpt("a cat")
    "'a cat'"
    >>> excerpt("x" * 1000)[-22:]
    "xxxxx'… (1,000 in all)"
    """
    if isinstance(value, (str, bytes)) and len(value) > LONGEST:
        return f"{cut(repr(value[:LONGEST]))}… ({len(value):,} in all)"
    return cut(repr(value))


def listed(names: Any, most: int = 20) -> str:
    """Return names as a list in words, long ones cut, and of many the first.

    A name that looks like another in a message is quoted.

    >>> print(listed(["url", " caption"]), listed([]), sep="; ")
    url, ' caption'; none
    """
    names = [cut(name if name == name.strip() else repr(name)) for name in map(str, names)]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more or "none"


def cut(text: str) -> str:
    """Return a text, a long one without its end."""
    return text if len(text) <= LONGEST + 2 else f"{text[:LONGEST]}…"
