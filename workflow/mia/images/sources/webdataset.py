"""Images in tars, as WebDataset has them and img2dataset writes them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import ALTERNATES
from mia.images.sources.shared.columns_key import columns_key, columns_of
from mia.images.sources.shared.contract import GivenFile, Key, Spec
from mia.images.sources.shared.counting import counted, table_rows
from mia.images.sources.shared.downloaded_tar import Downloaded, require_downloaded
from mia.images.sources.shared.listing import Listing
from mia.images.sources.shared.packed_files import PATH, packed_files
from mia.images.sources.shared.tar_file import keys
from mia.images.sources.shared.tar_rows import Samples, TarRows, table_beside
from mia.images.sources.shared.tar_texts import found_captions

ENDING = ".tar"
CALLED = f"Tars that are not compressed: {PATH.format(ending=ENDING)}"
CAPTION = "caption"
KEYS = {
    "path": Key(f"{CALLED}.", {"type": "string"}, in_parts=True),
    "columns": columns_key(
        "Parts of a sample: an ending such as `.txt`, or a field of its `.json`. Where not given, "
        "`image` is the one member that is an image, and `caption` is `.txt`, else `caption`, as "
        "far as the first tar has it. Where img2dataset's Parquet lies beside each tar: columns of "
        "that, and `caption` is `caption`."
    ),
    "alternates": ALTERNATES,
}


class Source(contract.Source):
    """A sample is a row; beside img2dataset's Parquet, a row of that, failures included."""

    about = "tars of images and captions, as WebDataset has them and img2dataset writes them"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.tar_images"

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says; what is found is told on stderr."""
        return {name: tar_rows(name, part) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says; the headers of tars are read."""
        return counted(parts, _count)

    def given(self, part: Spec) -> Sequence[GivenFile]:
        """The tars, and the tables beside them."""
        try:
            tars = packed_files(part["path"], ENDING)
        except ValueError:
            tars = [part["path"]]
        check = partial(require_downloaded, columns=columns_of(part, "", CAPTION))
        tables = [str(table) for table in map(table_beside, tars) if table.is_file()]
        return [
            *(GivenFile("path", tar, CALLED, None, holds_images=True) for tar in tars),
            *(GivenFile("path", table, "img2dataset's Parquet", check) for table in tables),
        ]


def tar_rows(name: str, part: Spec) -> TarRows:
    """Return the rows of a part.

    Raises:
        ValueError: Some tars have a Parquet beside them and some have none; a Parquet has no tar.
    """
    tars = packed_files(part["path"], ENDING)
    if _are_downloaded(part["path"], tars):
        columns = columns_of(part, "", CAPTION)
        return _told(TarRows(name, tars, columns, Downloaded), "img2dataset's Parquet", part)
    columns = columns_of(part, "", None)
    if "caption" not in part.get("columns", {}):
        columns = columns.captioned(found_captions(tars[0], CAPTION))
    return _told(TarRows(name, tars, columns, Samples), columns.caption, part)


def _told(rows: TarRows, captions: str | None, part: Spec) -> TarRows:
    """Return rows that know where their captions are from, and say it on stderr."""
    captions = captions if rows.columns.caption else None
    said = f"captions from {captions}" if captions else "no captions"
    print(f"{part['path']}: {len(rows.tars)} tars, {said}", file=sys.stderr)
    return replace(rows, about={"captions": captions, "others": {}})


def _are_downloaded(path: str, tars: Sequence[str]) -> bool:
    """Whether img2dataset's Parquet lies beside each tar."""
    without = [tar for tar in tars if not table_beside(tar).is_file()]
    if without and len(without) < len(tars):
        raise ValueError(
            f"{without[0]}: no Parquet beside it, and others have one; has img2dataset finished?"
        )
    if not without and Path(path).is_dir():
        tables = {str(table_beside(tar)) for tar in tars}
        if lost := sorted(set(packed_files(path, ".parquet")) - tables):
            raise ValueError(f"{lost[0]}: no tar beside it; has img2dataset finished?")
    return not without


def _count(part: Spec) -> int:
    tars = packed_files(part["path"], ENDING)
    if _are_downloaded(part["path"], tars):
        return sum(table_rows(table_beside(tar), None) for tar in tars)
    found, limit = 0, part.get("limit")
    for tar in tars:
        if limit is None or found < limit:
            found += len(keys(tar))
    return found
