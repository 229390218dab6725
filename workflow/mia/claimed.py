"""Words for a side of which nobody knows whether the model was trained on it.

`members_are: claimed` in a target says that its members are only claimed to have been trained on.
Page, tables and figures then call them claimed images.
"""

from __future__ import annotations

import re

MEMBERS = "members"
_WORDS = {
    "members against members": "claimed images against claimed images",
    "images it was trained on (members)": "images that are claimed (claimed images)",
    "images it was trained on": "claimed images",
    "images the model was trained on": "claimed images",
    "members": "claimed images",
    "member": "claimed image",
}
_FOUND = re.compile(
    "|".join(rf"(?<![\w/-]){re.escape(words)}(?![\w-])" for words in _WORDS), re.IGNORECASE
)
_MARKUP = re.compile(r"(<(?:code|script|style)\b.*?</(?:code|script|style)>|<[^>]*>)", re.DOTALL)


def as_claimed(text: str) -> str:
    """Return a text in which claimed images are called so; nonmembers stay what they are.

    >>> as_claimed("Members score higher than nonmembers, and are more member-like.")
    'Claimed images score higher than nonmembers, and are more member-like.'
    """
    return _FOUND.sub(_word, text)


def notes_as_claimed(rows: list[dict]) -> list[dict]:
    """Return rows of a target with claimed members, whose notes call them so."""
    return [{**row, "note": as_claimed(row["note"])} if "note" in row else row for row in rows]


def markup_as_claimed(markup: str) -> str:
    """Return HTML or SVG whose words, not its tags and code, are those of `as_claimed`.

    >>> markup_as_claimed('<td class="member">member <code>members:</code></td>')
    '<td class="member">claimed image <code>members:</code></td>'
    """
    parts = _MARKUP.split(markup)
    return "".join(part if place % 2 else as_claimed(part) for place, part in enumerate(parts))


def _word(found: re.Match[str]) -> str:
    words = _WORDS[found[0].lower()]
    return words[0].upper() + words[1:] if found[0][0].isupper() else words
