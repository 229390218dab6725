"""The key `columns`: what a table, or a sample of a tar, calls what is read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from mia.given.cells import Column
from mia.images import plan
from mia.images.sources.shared.contract import Key, Spec
from mia.images.sources.shared.planned_rows import other_captions, plain

NONE = "none"
TEXT = {"type": "string", "minLength": 1}
ABOUT = {
    "image": "What holds the image, as the source says.",
    "caption": "What holds the caption; `none` reads no captions.",
    "url": "What holds the image's address, which is not fetched. Then the address is the image's "
    "locator, its key is the one that a table of addresses gives it, and `blind_source` runs.",
    "family": "What names a series that the image belongs to, such as shots of one scene. Images "
    "of one series stay in one part of a split and in one fold.",
}
FORM = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {**TEXT, "description": about} for name, about in ABOUT.items()},
}


def columns_key(about: str) -> Key:
    """Return the key, with what a source says of it."""
    return Key(about, FORM, in_parts=True)


@dataclass(frozen=True)
class Columns:
    """The columns that are read, by what they are read for.

    Args:
        image: What holds the image; "" where the source has to find it.
        caption: None where no captions are read.
        url: The column of addresses, if there is one.
        family: The column of series, if there is one.
        alternates: Names of other captions, each in a column `alt_<name>`.
    """

    image: str
    caption: str | None = None
    url: str | None = None
    family: str | None = None
    alternates: tuple[str, ...] = ()

    @property
    def texts(self) -> list[Column]:
        """Those that hold texts, each once."""
        alternates = [f"alt_{name}" for name in self.alternates]
        named = (self.caption, self.url, self.family, *alternates)
        return [Column(name) for name in dict.fromkeys(filter(None, named))]

    def captioned(self, caption: str | None) -> Columns:
        """Return the same with the captions elsewhere."""
        return replace(self, caption=caption)

    def planned(
        self,
        part: str,
        rows: Sequence[int],
        locators: Sequence[str],
        texts: Mapping[str, list],
        places: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return planned rows.

        Args:
            part: Name of the source part.
            rows: Position of each row in its part.
            locators: What each image is called. It is its `url` in the plan if no address is named.
            texts: What `texts` names of each row, None where it is empty.
            places: Where each image's bytes are, if the locator does not say it.
        """
        nothing = [None] * len(rows)
        table = pd.DataFrame({"row": rows, "url": locators}, dtype=object)
        table["caption"] = [text or "" for text in texts.get(self.caption or "", nothing)]
        table["family"] = [text or None for text in texts.get(self.family or "", nothing)]
        others = pd.DataFrame(dict(texts), index=table.index, dtype=object)
        table["alternates"] = other_captions(others, self.alternates)
        table["place"] = (locators if self.url else "") if places is None else places
        if self.url:
            table["url"] = self.addresses(texts)
        return plain(table.assign(part=part))

    def addresses(self, texts: Mapping[str, list]) -> list[str | None]:
        """Return the addresses, as a plan has them."""
        return [plan.cleaned_if_possible(address) or None for address in texts[self.url or ""]]


def columns_of(part: Spec, image: str, caption: str | None) -> Columns:
    """Return the columns that the config of a part names, or these where it names none."""
    given: Mapping[str, Any] = part.get("columns") or {}
    named = given.get("caption", caption)
    return Columns(
        given.get("image", image),
        None if named == NONE else named,
        given.get("url"),
        given.get("family"),
        tuple(part.get("alternates", ())),
    )
