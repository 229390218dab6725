"""Whether a server forbids the use of what it sends: the header `X-Robots-Tag`.

Each header holds directives between commas; a user agent's name and a colon before a directive say
whom it and those after it in that header are for. Directives may hold a colon themselves, dates a
comma. A name is an agent's only where a known directive follows its colon: `max-pixels: 5` names
none. Our own names are always agents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NAME = "fair-mia"  # by which servers know us: what our user agent begins with
AGENTS = ("*", "img2dataset", NAME)  # who we are, and everybody
FORBID = ("noai", "noimageai", "noindex", "noimageindex", "none")
UNTIL = "unavailable_after"
VALUED = (UNTIL, "max-snippet", "max-image-preview", "max-video-preview")
OTHER = (
    *("all", "index", "follow", "nofollow", "archive", "noarchive", "nocache", "nosnippet"),
    *("notranslate", "noodp", "noydir", "noml", "indexifembedded"),
)
KNOWN = (*FORBID, *VALUED, *OTHER)
SEPARATOR = re.compile(r"[,;]")
WEEKDAY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?")


def objection(headers: Iterable[str], now: datetime) -> str | None:
    """Return the directive that forbids us to use an image; None where none does.

    A date that cannot be read counts as past.

    Args:
        headers: Values of all headers `X-Robots-Tag` of one response.
        now: With a time zone.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> objection(["max-snippet: 5, NoAI", "other: none"], now)
    'noai'
    >>> objection(["other: noai, noindex"], now) is None
    True
    """
    for header in headers:
        for name, value in _ours(header.lower()):
            for word in re.split(r"[\s=]+", name):
                if word in FORBID or (word == UNTIL and _is_past(value, now)):
                    return word
    return None


def _ours(header: str) -> Iterator[tuple[str, str]]:
    """Yield (directive, value) of those in a header that are for us."""
    agent, pieces = "*", SEPARATOR.split(header)
    while pieces:
        parts = [part.strip(" \t\"'") for part in pieces.pop(0).split(":")]
        while len(parts) > 1 and parts[0] in AGENTS:
            agent = parts.pop(0)
        first = next((n for n, part in enumerate(parts) if _is_known(part)), 0)
        if first:
            agent = parts[first - 1] or agent
        name, value = parts[first], ":".join(parts[first + 1 :])
        if name == UNTIL and WEEKDAY.fullmatch(value) and pieces:
            value = f"{value}, {pieces.pop(0).strip()}"
        elif _is_known(name) and name not in VALUED and value:
            pieces.insert(0, value)  # `all: noai`: what follows is a directive, too
        if agent in AGENTS:
            yield name, value


def _is_known(text: str) -> bool:
    """Whether a text begins with a directive."""
    return re.split(r"[\s=]", text, maxsplit=1)[0] in KNOWN


def _is_past(text: str, now: datetime) -> bool:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text.upper())
        except (ValueError, TypeError, IndexError):
            continue
        return (found if found.tzinfo else found.replace(tzinfo=UTC)) <= now
    return True
