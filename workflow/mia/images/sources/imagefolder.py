"""A folder of images with metadata beside them, as the `datasets` library has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mia.given.folder_files import list_files
from mia.given.table import ENDINGS
from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import ALTERNATES
from mia.images.sources.shared.columns_key import columns_key
from mia.images.sources.shared.contract import GivenFile, GivenFolder, Key, Spec
from mia.images.sources.shared.counting import counted
from mia.images.sources.shared.folder_captions import Captions
from mia.images.sources.shared.folder_rows import folder_rows, require_pictures, row_names, told
from mia.images.sources.shared.listing import Listed, Listing
from mia.images.sources.shared.metadata_files import (
    METADATA,
    metadata_columns,
    metadata_names,
    read_metadata,
)

KEYS = {
    "path": Key("Folder of images, with metadata.", {"type": "string"}, in_parts=True),
    "columns": columns_key(
        "Columns of the metadata; where not given, `image` is `file_name`, and `caption` is "
        "`caption`."
    ),
    "alternates": ALTERNATES,
}


class Source(contract.Source):
    """Every row of the metadata is a row; without metadata, every image is one."""

    about = "image files and metadata, as the `datasets` library has them"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.files"

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says; what is found is told on stderr."""
        return {name: image_folder(name, part) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        return counted(parts, lambda part: len(self.image_files(part)))

    def given(self, part: Spec) -> Sequence[GivenFolder | GivenFile]:
        """The folder, and the metadata that lies in it."""
        check = partial(metadata_columns, part=part)
        tables = [str(Path(part["path"], name)) for name in METADATA]
        return (
            GivenFolder("path", part["path"], ENDINGS, "url" in part.get("columns", {})),
            *(GivenFile("path", t, "metadata", check) for t in tables if Path(t).is_file()),
        )

    def image_files(self, part: Spec) -> list[Path]:
        """Return the files that the plan will name, also those that are not there."""
        found = list_files(part["path"])
        tables = metadata_names(found.files)
        text = read_metadata(part["path"], tables, part).text if tables else {}
        return [Path(part["path"], name) for name in text or row_names(found, ())]


def image_folder(name: str, part: Spec) -> Listed:
    """Return the rows of a part, and its other files by kind."""
    path = Path(part["path"]).as_posix()
    found = list_files(path)
    tables = metadata_names(found.files)
    captions: Captions | None = read_metadata(path, tables, part) if tables else None
    require_pictures(path, found, () if captions is None else captions.text)
    rows, others = folder_rows(name, path, found, captions)
    if not (rows["status"] == "").any():
        raise ValueError(f"{path}: none of the {len(rows)} images that the metadata name is there")
    return told(path, rows, captions, others, captions.source if captions else None)
