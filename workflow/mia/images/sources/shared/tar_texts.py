"""Captions and other texts of a tar's samples: members such as `.txt`, and fields of `.json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from mia.excerpt import excerpt, listed
from mia.given import json_lines
from mia.given.cells import Column
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.tar_file import Place, Sample, samples

JSON = "json"


def found_captions(tar: str, default: str) -> str | None:
    """Return what holds the captions, where a config does not say it: `.txt`, or a field, or none.

    Args:
        tar: The tar whose samples show it.
        default: The field of `.json` that holds captions.
    """
    of = samples(tar)
    if any("txt" in sample.members for sample in of.values()):
        return ".txt"
    with open(tar, "rb") as file:
        for sample in of.values():
            if JSON in sample.members:
                return default if default in _object(tar, file, sample) else None
    return None


def texts(tar: str, of: Iterable[Sample], columns: Columns) -> dict[str, list[str | None]]:
    """Return the texts of samples, by column.

    Raises:
        ValueError: A sample lacks one, or it is no text; the message names tar and key.
    """
    found: dict[str, list[str | None]] = {column.name: [] for column in columns.texts}
    with open(tar, "rb") as file:
        for sample in of if found else ():
            inside = [name for name in found if not name.startswith(".")]
            record = _object(tar, file, sample) if inside else {}
            for column in columns.texts:
                if column.name.startswith("."):
                    found[column.name].append(_member(tar, file, sample, column.name))
                else:
                    found[column.name].append(_field(tar, record, sample, column))
    return found


def _field(tar: str, record: json_lines.Record, sample: Sample, column: Column) -> str | None:
    called = _called(tar, sample)
    if column.name not in record:
        raise ValueError(f"{called}: no field {column.name!r} in .json; found: {listed(record)}")
    return json_lines.text(record[column.name], column, f"{called}.json")


def _member(tar: str, file: IO[bytes], sample: Sample, ending: str) -> str:
    data = _read(tar, file, sample, ending.removeprefix(".").lower())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{_called(tar, sample)}{ending}: not a text in UTF-8: {error}") from error
    if "\0" in text:
        raise ValueError(f"{_called(tar, sample)}{ending}: a NUL in the text; expected a caption")
    return text.strip()


def _object(tar: str, file: IO[bytes], sample: Sample) -> json_lines.Record:
    return json_lines.parsed(_read(tar, file, sample, JSON), f"{_called(tar, sample)}.json")


def _read(tar: str, file: IO[bytes], sample: Sample, ending: str) -> bytes:
    if ending not in sample.members:
        raise ValueError(
            f"{_called(tar, sample)}: no .{ending} beside its image; found: "
            f"{listed(f'.{name}' for name in sample.members)}; expected one for each image, or "
            "`columns: {caption: none}` to read no captions"
        )
    return _bytes(file, sample.members[ending])


def _bytes(file: IO[bytes], place: Place) -> bytes:
    file.seek(place[0])
    return file.read(place[1])


def _called(tar: str, sample: Sample) -> str:
    return f"{tar}: {excerpt(sample.key)}"
