"""Pictures that must not be used, whatever the reason: a list of keys, image_ids and addresses."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mia.images.plan import clean_url

EXCLUDED = "excluded"
ERROR = "named in the set's `exclude` list"
COLUMNS = ("key", "image_id", "url")
EXPECTED = (
    "expected a key (16 hexadecimal digits), an image_id (64), an http or https address, or the "
    "path of a file with its folder"
)


@dataclass(frozen=True)
class Exclusion:
    """What is left out of an image set; nothing by default.

    Args:
        keys: Keys of rows.
        image_ids: Sha256 of pictures, hexadecimal.
        locators: Addresses, cleaned, and paths of files, as a plan has them.
    """

    keys: frozenset[str] = frozenset()
    image_ids: frozenset[str] = frozenset()
    locators: frozenset[str] = frozenset()

    def names_row(self, key: str, url: str | None, sha256: str | None) -> bool:
        """Whether a planned row is left out; `sha256` is what it is published as, if it is."""
        return key in self.keys or url in self.locators or self.names_picture(sha256)

    def names_picture(self, image_id: str | None) -> bool:
        """Whether a picture is left out, wherever it came from."""
        return image_id in self.image_ids

    def __len__(self) -> int:
        return len(self.keys) + len(self.image_ids) + len(self.locators)


NOTHING = Exclusion()


def read(path: Path) -> Exclusion:
    """Return the list in a text file (one entry a line, `#` starts a comment line) or a CSV file.

    Raises:
        ValueError: No such file, an entry of no known kind, or a CSV without a known column; the
            message names file and line.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such exclude list")
    entries = _csv(path) if path.suffix.lower() == ".csv" else _lines(path)
    found: dict[str, set[str]] = {"keys": set(), "image_ids": set(), "locators": set()}
    for line, entry in entries:
        try:
            kind, value = classify(entry)
        except ValueError as error:
            raise ValueError(f"{path}: line {line}: {error}") from error
        found[kind].add(value)
    return Exclusion(**{kind: frozenset(values) for kind, values in found.items()})


def classify(entry: str) -> tuple[str, str]:
    """Return which field of `Exclusion` an entry belongs to, and the entry as it is kept there.

    Raises:
        ValueError: It is of no known kind; the message says what was expected.

    >>> classify("HTTP://A.org/x y.jpg")
    ('locators', 'http://a.org/x%20y.jpg')
    >>> classify("0123456789ABCDEF")
    ('keys', '0123456789abcdef')
    """
    if re.fullmatch(r"[0-9a-fA-F]{16}", entry):
        return "keys", entry.lower()
    if re.fullmatch(r"[0-9a-fA-F]{64}", entry):
        return "image_ids", entry.lower()
    if "://" in entry:
        return "locators", clean_url(entry)
    if "/" in entry:
        return "locators", str(PurePosixPath(entry))
    raise ValueError(f"{entry!r}: {EXPECTED}")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _csv(path: Path) -> Iterator[tuple[int, str]]:
    rows = csv.DictReader(_text(path).splitlines())
    known = [column for column in rows.fieldnames or () if column in COLUMNS]
    if not known:
        raise ValueError(
            f"{path}: expected a column {', '.join(COLUMNS)}; found: "
            f"{', '.join(rows.fieldnames or ()) or 'none'}"
        )
    for row in rows:
        for column in known:
            if entry := (row[column] or "").strip():
                yield rows.line_num, entry


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text in UTF-8: {error}") from error
