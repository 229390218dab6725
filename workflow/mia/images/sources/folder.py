"""A folder of image files; captions stand in a table, in text files beside them, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from mia.given.cells import Column
from mia.given.folder_files import FolderFiles, compared, list_files
from mia.given.table import GivenTable
from mia.images.sources.shared import contract, folder_captions
from mia.images.sources.shared.address_keys import ALTERNATES
from mia.images.sources.shared.captions_key import NO_CAPTIONS, captions_ending, captions_table
from mia.images.sources.shared.columns_key import Columns, columns_key, columns_of
from mia.images.sources.shared.contract import GivenFile, GivenFolder, Key, Spec
from mia.images.sources.shared.counting import counted
from mia.images.sources.shared.folder_captions import (
    Captions,
    from_side_files,
    from_table,
    side_ending,
)
from mia.images.sources.shared.folder_rows import folder_rows, require_pictures, row_names, told
from mia.images.sources.shared.listing import Listed, Listing
from mia.images.sources.shared.parts import place, specs
from mia.images.sources.shared.picture_files import OPENED, ending

KEYS = {
    "path": Key("Folder of images.", {"type": "string"}, in_parts=True),
    "captions": Key(
        "Captions of the images: a table with the columns `file` (or `file_name`) and `caption`; "
        "or the ending of text files beside the images, such as `.txt`; or `none`. Where not "
        "given, `.txt` or `.caption` files beside the images are read, if there are any "
        "(docs/images.md).",
        {"type": "string"},
        in_parts=True,
    ),
    "columns": columns_key(
        "Columns of the captions table; where not given, `image` is `file` or `file_name`, and "
        "`caption` is `caption`."
    ),
    "alternates": ALTERNATES,
}
NO_KEYS: Spec = {}


class Source(contract.Source):
    """Every image file of a folder is a row; its path is its locator."""

    about = "image files and, if there are any, captions"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.files"

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says; what is found is told on stderr."""
        return {name: folder(name, part) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        return counted(parts, lambda part: len(self.image_files(part)))

    def given(self, part: Spec) -> Sequence[GivenFolder | GivenFile]:
        """The folder, and the table of captions if there is one."""
        endings = {*folder_captions.ENDINGS, *filter(None, [captions_ending(part)])}
        addressed = "url" in part.get("columns", {})
        found = GivenFolder("path", part["path"], endings, addressed)
        if not (table := captions_table(part)):
            return (found,)
        check = partial(table_columns, part=part)
        return found, GivenFile("captions", table, "a captions table", check)

    def image_files(self, part: Spec) -> list[Path]:
        """Return the files that the plan will name, links to nothing among them."""
        path, table = Path(part["path"]), captions_table(part)
        named = named_files(GivenTable(Path(table)), part) if table else ()
        names = row_names(list_files(path), set(map(compared, named)))
        return [path / name for name in names]

    def mistakes(self, spec: Spec, key: str) -> Iterator[str]:
        """Columns are those of a table."""
        for name, part in specs(spec).items():
            for given in ("alternates", "columns") if not captions_table(part) else ():
                if not part.get(given):
                    continue
                known = "captions" if "captions" in part else "path"
                above = place(spec, name, known).removesuffix(known)
                expected = f"expected {key}.{above}captions to name one"
                yield f"{key}.{place(spec, name, given)}: columns of a captions table; {expected}"


def folder(name: str, part: Spec) -> Listed:
    """Return the rows of a part; where its captions are from, and its other files by kind."""
    path = Path(part["path"])
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder of images")
    found = list_files(path)
    captions = captions_of(part, path.as_posix(), found)
    rows, others = folder_rows(name, path.as_posix(), found, captions)
    source = Path(captions.source).name if captions else None
    return told(path.as_posix(), rows, captions, others, source)


def captions_of(part: Spec, path: str, found: FolderFiles) -> Captions | None:
    """Return the captions that a folder's config names, or those found beside its images."""
    alternates, given = part.get("alternates", ()), part.get("captions")
    if source := captions_table(part):
        table, read = read_captions(source, part), table_columns(GivenTable(Path(source)), part)
        require_pictures(path, found, table[read.image])
        names = set(map(compared, (*found.files, *found.dangling)))
        return from_table(table, names, path, source, read)
    require_pictures(path, found)
    if alternates:
        raise ValueError(f"{path}: alternates are columns of a table; expected `captions`, a CSV")
    pictures = [name for name in found.files if ending(name) in OPENED]
    if given == NO_CAPTIONS:
        return None
    kind = captions_ending(part) or side_ending(path, found.files, pictures)
    return from_side_files(path, found.files, pictures, kind) if kind else None


def read_captions(path: str, part: Spec = NO_KEYS) -> pd.DataFrame:
    """Return a captions table, the columns as a part names them; the index counts from 1."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: no such captions file; expected a CSV with file and caption")
    table = GivenTable(Path(path))
    read = table_columns(table, part)
    return table.frame([Column(read.image), *read.texts]).fillna("")


def table_columns(table: GivenTable, part: Spec) -> Columns:
    """Return the columns of a captions table; a ValueError if one is missing."""
    other = "file" not in table.columns and "file_name" in table.columns
    read = columns_of(part, "file_name" if other else "file", "caption")
    table.require([Column(read.image), *read.texts])
    return read


def named_files(table: GivenTable, part: Spec) -> list[str]:
    """Return the files that a captions table names."""
    image = table_columns(table, part).image
    return table.frame([Column(image)])[image].dropna().tolist()
