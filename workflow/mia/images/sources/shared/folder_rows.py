"""The rows of a folder of images. Every file is a row, or is counted by its kind."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from mia.given.folder_files import FolderFiles, compared, shown
from mia.images.locators import file_locator
from mia.images.sources.shared.folder_captions import BESIDE, Captions, in_words
from mia.images.sources.shared.listing import Listed
from mia.images.sources.shared.picture_files import OPENED, UNSUPPORTED, ending, is_picture, kinds

NOTHING = "link to nothing"
NOT_LISTED = "image that no metadata name"
FINE = ("", "")
MISSING = ("missing_file", "a link to a file that is not there")
NOT_THERE = ("missing_file", "the table names it, but there is no such file")
BAD_NAME = ("bad_name", "the file's name is not UTF-8; rename it")


def require_pictures(path: str, listing: FolderFiles, listed: Iterable[str] = ()) -> None:
    """Raise a ValueError unless a folder holds a file that may be opened.

    Args:
        path: The folder, for the message.
        listing: What it holds.
        listed: Names of files that have a caption, and so are images whatever their ending.
    """
    named = set(map(compared, listed))
    if any(_is_row(name, named) and _fault(name) == FINE for name in listing.files):
        return
    found = ", ".join(f"{count} {kind}" for kind, count in _others(listing, (), ()).items())
    raise ValueError(
        f"{path}: no image in this folder; expected files ending in "
        f"{' '.join(sorted(OPENED))}; found: {found or 'nothing'}"
    )


def folder_rows(
    part: str, path: str, listing: FolderFiles, captions: Captions | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows of a folder, sorted by name, and the count of its other files by kind.

    A row is every file with the ending of an image and every file that has a caption; or what a
    table lists, where it says so. Rows that cannot be opened have a status: `unsupported` (a format
    that is not opened here), `bad_name` (its name is not UTF-8), `missing_file` (a link to nothing,
    or a file that the table lists and that is not there).

    Args:
        part: Name of the source part.
        path: The folder as the config gives it; with a file's name it is the image's locator.
        listing: What the folder holds.
        captions: None where the set has no captions.

    Raises:
        ValueError: An image that could be opened has no caption.
    """
    captions = captions or Captions("", {}, BESIDE)
    rows = _listed(listing, captions) if captions.lists_rows else _found(path, listing, captions)
    names = sorted(rows)
    locators = [file_locator(path, shown(name)) for name in names]
    texts = captions.texts(names)
    table = captions.columns.planned(part, range(len(names)), locators, texts)
    faults = pd.DataFrame([rows[name] for name in names], columns=["status", "error"])
    return table.assign(**faults), _others(listing, rows, captions.files)


def _found(path: str, listing: FolderFiles, captions: Captions) -> dict[str, tuple[str, str]]:
    """Status and error of every image of a folder, and of every file that has a caption."""
    text = captions.text
    rows = {name: _fault(name) for name in listing.files if _is_row(name, text)}
    if captions.source:
        _require_captions(path, rows, captions)
    rows |= {name: MISSING for name in listing.dangling if _is_row(name, text)}
    return rows | {name: BAD_NAME for name in listing.not_utf8 if is_picture(name)}


def _listed(listing: FolderFiles, captions: Captions) -> dict[str, tuple[str, str]]:
    """Status and error of every file that a table lists."""
    rows = {name: _fault(name) for name in listing.files if compared(name) in captions.text}
    rows |= {name: MISSING for name in listing.dangling if compared(name) in captions.text}
    there = set(map(compared, rows))
    return rows | {name: NOT_THERE for name in captions.text if name not in there}


def told(
    path: str,
    rows: pd.DataFrame,
    captions: Captions | None,
    others: Mapping[str, int],
    source: str | None,
) -> Listed:
    """Return the listing of a folder, and say on stderr what was found.

    Args:
        path: Of the folder.
        rows, captions: Its rows, and where their captions are from.
        others: How many files of each kind are no rows.
        source: The captions' file or ending, for the page.
    """
    print(f"{path}: {len(rows)} images, {in_words(captions, len(rows))}", file=sys.stderr)
    for kind, count in others.items():
        print(f"{path}: {count} files are no rows: {kind}", file=sys.stderr)
    return Listed(rows, {"captions": source, "others": others})


def row_names(listing: FolderFiles, captioned: Collection[str]) -> list[str]:
    """Return the names of all files that are rows, also of those that cannot be opened.

    Args:
        listing: What the folder holds.
        captioned: Files that a table of captions names, in the form of `compared`.
    """
    found = [name for name in (*listing.files, *listing.dangling) if _is_row(name, captioned)]
    return found + [name for name in listing.not_utf8 if is_picture(name)]


def _is_row(name: str, captioned: Collection[str]) -> bool:
    """Whether a file is a row: an image by its ending, or named by a table of captions."""
    return is_picture(name) or compared(name) in captioned


def _fault(name: str) -> tuple[str, str]:
    """Status and error of a file, by its ending."""
    if (kind := ending(name)) not in UNSUPPORTED:
        return FINE
    return "unsupported", f"{kind} is a format that is not opened here; convert it, to PNG say"


def _require_captions(path: str, rows: Mapping[str, tuple[str, str]], captions: Captions) -> None:
    tried = [name for name, (status, _) in sorted(rows.items()) if not status]
    without = [name for name in tried if compared(name) not in captions.text]
    if without:
        raise ValueError(
            f"{captions.source}: no row for {len(without)} of {len(tried)} images in {path}, "
            f"first {without[0]!r}; expected one row per image"
        )


def _others(
    listing: FolderFiles, rows: Collection[str], side_files: Collection[str]
) -> dict[str, int]:
    """Count the files that are no rows, by kind."""
    files = [name for name in (*listing.files, *listing.not_utf8) if name not in rows]
    images = [name for name in files if is_picture(name)] if rows else []
    found = kinds(map(shown, sorted({*files} - {*images})), side_files) | listing.left_out
    nothing = sum(name not in rows for name in listing.dangling)
    counts = {NOTHING: nothing, NOT_LISTED: len(images)}
    return found | {kind: count for kind, count in counts.items() if count}
