"""Read the records of a CSV one by one; an error names the line, and nothing is cut or guessed.

Even in strict mode, Python's `csv` reads files that their writers did not mean so: records longer
or shorter than the header, quotes that close in another record, other separators, NUL.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mia.excerpt import excerpt, listed

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
# An address, a file's name, a key or a hash names a record. It hardly ever stands between the
# commas of a caption. A name with blanks counts if it ends as images do.
LOCATOR = re.compile(
    r"\s*(?:[a-z]+://\S+|\S+\.[a-z]\w{1,4}|[0-9a-f]{16}|[0-9a-f]{64}"
    r"|.*\.(?:jpe?g|jfif|png|apng|webp|gif|bmp|tiff?|avif|heic))\s*",
    re.IGNORECASE,
)
csv.field_size_limit(2**24)  # characters; Python's own limit is 2**17, and captions may be longer
QUOTING = (
    "a field that holds a comma, a quote or a line break stands in quotes, with each quote in it "
    "written twice"
)


def records(path: str | Path, called: str) -> Iterator[list[str]]:
    """Yield the names of the columns, then the fields of each record, as many as there are names.

    Lines may end in any way; a byte order mark and blank lines are left out.

    Args:
        path: The file, in UTF-8.
        called: What messages call it.

    Raises:
        ValueError: The file is no such CSV; the message names the line, counted from 1.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            yield from _records(file, called)
    except UnicodeDecodeError as error:
        raise ValueError(f"{called}: {_undecodable(Path(path))}") from error
    except OSError as error:
        raise ValueError(f"{called}: cannot be read: {error.strerror}") from error


def _records(file: TextIO, called: str) -> Iterator[list[str]]:
    lines = _Lines(file)
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    while True:
        start = reader.line_num + 1
        lines.of_record = []
        try:
            fields = next(reader, None)
            if fields is None:
                break
            if fields:
                header = header or _names(fields)
                _require_sound(fields, header, lines.of_record)
        except (csv.Error, ValueError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            end = start + max(len(lines.of_record) - 1, 0)
            where = f"line {start}" if start == end else f"lines {start} to {end}"
            raise ValueError(f"{called}: {where}: {_why(error)}") from error
        if fields:
            yield fields
    if not header:
        raise ValueError(f"{called}: line 1: no header; expected the names of the columns")


class _Lines:
    """The lines of a file; keeps those of the record at hand."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.of_record: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self.file)
        self.of_record.append(line)
        if "\0" in line:
            raise ValueError("a NUL character, which no text holds (UTF-16 does, as bytes)")
        return line


def _names(fields: list[str]) -> list[str]:
    """Return the header. A column without a name is unwanted, such as pandas' index."""
    if len(fields) == 1:
        for mark, words in SEPARATORS.items():
            if mark in fields[0]:
                raise ValueError(f"the header is separated by {words}; expected commas")
    if not any(name.strip() for name in fields):
        raise ValueError("no header; expected the names of the columns")
    for name in fields:
        if name and fields.count(name) > 1:
            raise ValueError(f"the header names the column {excerpt(name)} twice")
    return fields


def _require_sound(fields: list[str], header: list[str], lines: list[str]) -> None:
    if sum(line.count('"') for line in lines) % 2:
        raise ValueError(f"a quote without its other half; {QUOTING}")
    if len(fields) != len(header):
        named = f"{len(header)} ({listed(header)})"
        raise ValueError(f"{len(fields)} fields; expected the header's {named}: {QUOTING}")
    if len(lines) > 1 and _are_records(lines, len(header)):
        raise ValueError(
            "a quote joins these lines into one record, but more than one looks like a record: "
            f"{QUOTING}. If it is one record, replace its line breaks by blanks"
        )


def _are_records(lines: list[str], width: int) -> bool:
    """Whether a later line has a locator in the column where the first line has one.

    Without this check two captions would make one record, if the first starts and the second ends
    with a quote. Commas in captions move the columns beside them, so columns are counted from the
    left and from the right. A line that ends before the column next to the locator is text.
    """
    first, *later = (line.replace('"', "").rstrip("\r\n").split(",") for line in lines)
    for cells in later:
        for column in range(width):
            reach = min(column + 2, width)  # cells, the next one included
            if len(cells) >= reach and _are_locators(first, cells, column):
                return True
            reach = min(width - column + 1, width)  # the one before included
            if len(cells) >= reach and _are_locators(first, cells, column - width):
                return True
    return False


def _are_locators(first: list[str], cells: list[str], at: int) -> bool:
    return all(-len(row) <= at < len(row) and LOCATOR.fullmatch(row[at]) for row in (first, cells))


def _why(error: Exception) -> str:
    if not isinstance(error, csv.Error):
        return str(error)
    if "unexpected end" in str(error):
        return f"a quote that is never closed; {QUOTING}"
    if "field limit" in str(error):
        limit = csv.field_size_limit()
        return (
            f"a field of more than {limit:,} characters, or a quote that is not closed; {QUOTING}"
        )
    return f"a quote within a quoted field is not written twice ({error}); {QUOTING}"


def _undecodable(path: Path) -> str:
    """Return the place of the first bytes that are not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                return f"line {number}: byte {error.start + 1} is {byte:#04x}; expected UTF-8"
    return "expected UTF-8"
