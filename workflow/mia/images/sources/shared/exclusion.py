"""Pictures that must not be used, whatever the reason: a list of keys, image_ids and addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mia.excerpt import excerpt, listed
from mia.given.cells import Column
from mia.given.table import ENDINGS, GivenTable
from mia.images.plan import clean_url
from mia.images.sources.shared.locator_form import form, forms

EXCLUDED = "excluded"
ERROR = "named in the set's `exclude` list"
COLUMNS = {
    "key": Column("key", "a key", digits=16),
    "image_id": Column("image_id", "an image_id", digits=64),
    "url": Column("url", "an address or a path"),
}
EXPECTED = (
    "expected a key (16 hexadecimal digits), an image_id (64), an http or https address, or the "
    "path of a file with its folder"
)


@dataclass(frozen=True)
class Entry:
    """One entry of a list.

    Args:
        place: Where in the list it stands: `line 3`, or `row 2, column 'url'` of a table.
        text: What stands there.
        kind: `key`, `image_id` or `locator`.
        forms: What it is compared by; two spellings of one thing have a form in common.
        wrong: Why it can fit nothing, if it cannot; then it has no forms.
    """

    place: str
    text: str
    kind: str
    forms: frozenset[str]
    wrong: str = ""


class Exclusion:
    """What is left out of an image set, by its entries; nothing by default."""

    def __init__(self, entries: Collection[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._texts: dict[str, dict[str, set[str]]] = {"key": {}, "image_id": {}, "locator": {}}
        for entry in entries:
            for known in entry.forms:
                self._texts[entry.kind].setdefault(known, set()).add(entry.text)

    def naming_row(
        self, key: str, url: str | None, sha256: str | None, place: str = ""
    ) -> set[str]:
        """Return the entries that name a planned row; `sha256` is what it is published as."""
        found = self._texts["key"].get(key, set()) | self.naming_picture(sha256)
        for locator in (url, place) if self._texts["locator"] else ():
            if isinstance(locator, str) and locator:
                found = found | self._texts["locator"].get(form(locator), set())
        return found

    def naming_picture(self, image_id: str | None) -> set[str]:
        """Return the entries that name an image, wherever it came from."""
        known = self._texts["image_id"]
        return known.get(image_id, set()) if isinstance(image_id, str) else set()

    def idle(self, fitted: Collection[str]) -> list[Entry]:
        """Return the entries whose text is not among `fitted`."""
        return [entry for entry in self.entries if entry.text not in fitted]

    def __len__(self) -> int:
        return len(self.entries)


NOTHING = Exclusion()


def read(path: Path) -> Exclusion:
    """Return the list in a text file (one entry a line, `#` starts a comment line) or a table.

    An entry of no known kind fits nothing, and says why.

    Raises:
        ValueError: No such file, no entry of a known kind though there are some, or a table without
            a known column; the message names file and line or row.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such exclude list")
    entries = (_table if path.suffix.lower() in ENDINGS else _lines)(path)
    found = []
    for place, text in entries:
        try:
            found.append(Entry(place, text, *classify(text)))
        except ValueError as error:
            found.append(Entry(place, text, "locator", frozenset(), str(error)))
    if found and all(entry.wrong for entry in found):
        raise ValueError(f"{path}: {found[0].place}: {found[0].wrong}")
    return Exclusion(found)


def classify(entry: str) -> tuple[str, frozenset[str]]:
    """Return the kind of an entry, and what it is compared by.

    Raises:
        ValueError: It is of no known kind; the message says what was expected.

    >>> classify("HTTP://A.org:80/x y.jpg")
    ('locator', frozenset({'//a.org/x y.jpg'}))
    >>> classify("0123456789ABCDEF")
    ('key', frozenset({'0123456789abcdef'}))
    """
    if re.fullmatch(r"[0-9a-fA-F]{16}", entry):
        return "key", frozenset({entry.lower()})
    if re.fullmatch(r"[0-9a-fA-F]{64}", entry):
        return "image_id", frozenset({entry.lower()})
    if "/" not in entry or "\0" in entry:
        raise ValueError(f"{excerpt(entry)}: {EXPECTED}")
    if "://" in entry and not entry.lower().startswith("file://"):
        clean_url(entry)
    return "locator", frozenset(forms(entry))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text in UTF-8: {error}") from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield f"line {number}", line.strip()


def _table(path: Path) -> Iterator[tuple[str, str]]:
    table = GivenTable(path)
    known = [COLUMNS[name] for name in COLUMNS if name in table.columns]
    if not known:
        found = listed(table.columns)
        raise ValueError(f"{path}: expected a column {', '.join(COLUMNS)}; found: {found}")
    for rows, columns in table.texts(known):
        for name, texts in columns.items():
            for row, text in zip(rows, texts, strict=True):
                if text and text.strip():
                    yield f"row {row + 1}, column {name!r}", text.strip()
