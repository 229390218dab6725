"""Captions of a folder's images: rows of tables, or a text file beside each (kohya's way).

A side file is named as its image, but for the ending: `a.txt` or `a.caption` beside `a.png`.
Two images that differ in their ending only share one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pandas as pd

from mia.excerpt import excerpt
from mia.given.folder_files import compared
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.picture_files import ending

BESIDE = Columns("", "caption")  # what a side file holds
ENDINGS = (".txt", ".caption")


@dataclass(frozen=True)
class Captions:
    """Captions of the files of one folder.

    Args:
        source: What they come from, in words.
        text: File, by its name in the form of `compared`, to caption.
        columns: What is read of each file.
        cells: File, likewise, to the cells of these columns, None where empty.
        files: Names of the files that were read, as they are on the disk.
        lists_rows: Whether it says which files are rows; else every image is one.
    """

    source: str
    text: Mapping[str, str]
    columns: Columns = BESIDE
    cells: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    files: Collection[str] = ()
    lists_rows: bool = False

    def texts(self, names: Iterable[str]) -> dict[str, list]:
        """Return what `Columns.planned` asks for, of these files."""
        found = [self.cells.get(compared(name), {}) for name in names]
        return {
            column.name: [cells.get(column.name) for cells in found]
            for column in self.columns.texts
        }


def from_table(
    table: pd.DataFrame, names: Set[str] | None, path: str, source: str, columns: Columns
) -> Captions:
    """Return the captions of a table.

    Args:
        table: The columns named by `columns`, index = line in the table, as messages name it.
        names: Names of all files of the folder that can have a row, in the form of `compared`.
            None: the table says which files have one.
        path: The folder, for messages.
        source: The table's name, for messages.
        columns: What is read.

    Raises:
        ValueError: A row whose image is missing, or two rows of one image.
    """
    cells: dict[str, dict[str, str | None]] = {}
    line_of: dict[str, int | str] = {}
    for line, row in zip(table.index, table.to_dict("records"), strict=True):
        file = compared(row[columns.image] or "")
        if names is not None and file not in names:
            hidden = any(part.startswith(".") for part in PurePosixPath(file).parts)
            why = " (names that begin with a dot are left out)" if hidden else ""
            raise ValueError(f"{source}: row {line}: no image {excerpt(file)} in {path}{why}")
        if file in line_of:
            raise ValueError(
                f"{source}: rows {line_of[file]} and {line} both caption {excerpt(file)}"
            )
        cells[file], line_of[file] = row, line
    text = {file: row.get(columns.caption or "") or "" for file, row in cells.items()}
    return Captions(source, text, columns, cells, lists_rows=names is None)


def side_ending(path: str, files: Iterable[str], pictures: Iterable[str]) -> str | None:
    """Return the ending of the side files in a folder; None where there are none.

    Raises:
        ValueError: Some side files have one ending, some another.
    """
    stems = set(map(_stem, pictures))
    first: dict[str, str] = {}
    for name in files:
        if ending(name) in ENDINGS and _stem(name) in stems:
            first.setdefault(ending(name), name)
    if len(first) > 1:
        one, other = (first[kind] for kind in ENDINGS)
        raise ValueError(
            f"{path}: captions in two kinds of side files, {one!r} and {other!r}; expected one: "
            f"`captions: .txt`, `captions: .caption`, or `captions: none` to read neither"
        )
    return next(iter(first), None)


def from_side_files(
    path: str, files: Iterable[str], pictures: Sequence[str], kind: str
) -> Captions:
    """Read the captions of `pictures` in the side files that end in `kind`.

    The whole text is the caption, without blanks around it; an empty file is an empty caption.

    Raises:
        ValueError: An image without a side file, or with two; a file that is no text in UTF-8.
    """
    stems = set(map(_stem, pictures))
    beside: dict[str, str] = {}
    for name in files:
        if ending(name) != kind or (stem := _stem(name)) not in stems:
            continue
        if (other := beside.setdefault(stem, name)) != name:
            raise ValueError(f"{path}: {other!r} and {name!r} caption one image; keep one")
    without = [picture for picture in pictures if _stem(picture) not in beside]
    if without:
        raise ValueError(
            f"{path}: no {kind} file beside {len(without)} of {len(pictures)} images, first "
            f"{without[0]!r}; expected one beside each, or `captions: none` to read none"
        )
    names = {_stem(picture): beside[_stem(picture)] for picture in pictures}
    text = {stem: _read(Path(path, name)) for stem, name in names.items()}
    captions = {compared(picture): text[_stem(picture)] for picture in pictures}
    cells = {picture: {"caption": text} for picture, text in captions.items()}
    return Captions(f"{kind} files", captions, cells=cells, files=set(names.values()))


def _stem(name: str) -> str:
    return str(PurePosixPath(compared(name)).with_suffix(""))


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text in UTF-8: {error}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    if "\0" in text:
        raise ValueError(f"{path}: a NUL in the text; expected a caption")
    return text.strip()


def in_words(captions: Captions | None, pictures: int) -> str:
    """Return what a log says of the captions of so many images."""
    if captions is None:
        return (
            "no captions: every caption is empty, and attacks that read one measure the empty one"
        )
    texts = Counter(
        "empty" if not text.strip() else "lines" if "\n" in text else ""
        for text in captions.text.values()
    )
    notes = [f"{texts['empty']} of {pictures} empty"] if texts["empty"] else []
    notes += [f"{texts['lines']} of more than one line"] if texts["lines"] else []
    return f"captions from {captions.source}" + (f" ({', '.join(notes)})" if notes else "")
