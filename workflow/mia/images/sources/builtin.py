"""Images of a package that is installed here: OpenMoji's, rendered and served over loopback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from mia.images.sources.shared import contract, openmoji, openmoji_families
from mia.images.sources.shared.address_keys import FETCHING
from mia.images.sources.shared.contract import Key, Spec
from mia.images.sources.shared.listing import Listed, Listing
from mia.images.sources.shared.planned_rows import plain

KEYS = {
    "builtin": Key(
        "Which built-in set.", {"enum": ["openmoji"], "default": "openmoji"}, fetched=True
    ),
    "collection": Key(
        "Which images of the built-in set; all where not given.",
        {"enum": ["unicode", "private-use"]},
        in_parts=True,
    ),
    **FETCHING,
}


class Source(contract.Source):
    """A collection makes a part; the rows outside named parts are what no part takes."""

    about = "images from a package, served over loopback"
    keys = KEYS
    fetched_by = "mia.images.download.openmoji_server"
    may_be_shown = True
    package_files = (openmoji.NAMES,)

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says."""
        return {part: Listed(rows) for part, rows in builtin_rows(parts).groupby("part", sort=True)}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        found = builtin_rows(parts)["part"].value_counts()
        return {name: int(found.get(name, 0)) for name in parts}

    def mistakes(self, spec: Spec, key: str) -> Iterator[str]:
        """Each part takes a collection of its own."""
        owner: dict[str, str] = {}
        for name, part in (spec.get("parts") or {}).items():
            collection = part.get("collection")
            if collection is None:
                yield f"{key}.parts.{name}: missing key 'collection' (source builtin)"
            elif collection in owner:
                taken = f"{owner[collection]!r} takes {collection} already"
                yield f"{key}.parts.{name}.collection: {taken}"
            else:
                owner[collection] = name


def builtin_rows(parts: Mapping[str, Spec]) -> pd.DataFrame:
    """Return the rows of the built-in set.

    An image whose collection is named by a part belongs to that part, any other to "".

    Raises:
        ValueError: Two parts name one collection, or a part names none.
    """
    owner: dict[str, str] = {}
    for name, part in parts.items():
        if not name:
            continue
        collection = part.get("collection")
        if not collection:
            raise ValueError(f"part {name!r} of a built-in set: expected the key 'collection'")
        if collection in owner:
            raise ValueError(
                f"parts {owner[collection]!r} and {name!r} both take {collection!r}; expected one"
            )
        owner[collection] = name
    wanted = parts[""].get("collection")
    rows = []
    for code in openmoji.codes():
        collection = openmoji.collection(code)
        own = owner.get(collection, "")
        if own or wanted in (None, collection):
            rows.append((own, code))
    table = pd.DataFrame(rows, columns=["part", "code"])
    table["row"] = table.groupby("part").cumcount()
    table["url"] = table["code"].map(openmoji.locator)
    table["caption"] = table["code"].map(openmoji.caption)
    table["family"] = table["code"].map(openmoji_families.family)
    return plain(table)
