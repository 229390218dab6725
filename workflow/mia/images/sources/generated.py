"""Images that a target's model makes of captions of its members: no config names this source.

`targets.<name>.generated` completes to an image set of it (`mia.config.generated`). The rule
`generate` takes the place of `download`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from mia import storage
from mia.images.sources.shared import contract
from mia.images.sources.shared.contract import Key, Spec
from mia.images.sources.shared.listing import Listed, Listing
from mia.images.sources.shared.planned_rows import plain
from mia.images.split import place

KEYS = {
    "images": Key("How many.", {"type": "integer"}),
    "seed": Key("Draws the members.", {"type": "integer"}),
}
LOCATOR = "generated:"  # before the image_id of the member whose caption is told
MADE_FROM = "made_from"  # key of a part: the target's membership, and the members' manifest


class Source(contract.Source):
    """A row of the plan is an image to be made, one for each of the members that were drawn."""

    about = "images that a model makes of captions of its members"
    keys = KEYS
    in_configs = False

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says; each part has `MADE_FROM` too."""
        return {name: Listed(captions_of_members(name, part)) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        return {name: part["images"] for name, part in parts.items()}


def member_of(locator: str) -> str:
    """Return the image_id of the member whose caption an image was made of.

    >>> member_of("generated:ab")
    'ab'
    """
    return locator.removeprefix(LOCATOR)


def captions_of_members(name: str, part: Spec) -> pd.DataFrame:
    """Return the planned rows: captions of members that attacks are reported on, drawn by seed.

    A smaller number of images has the same members, but for the last.

    Raises:
        ValueError: There are fewer members than images to be made.
    """
    membership, manifest = map(Path, part[MADE_FROM])
    rows = storage.read(membership, ["key", "image_id", "member", "kept", "block"])
    reported = rows["member"].astype(bool) & rows["kept"].astype(bool) & (rows["block"] >= 0)
    members = rows[reported].set_index("image_id")["key"]
    if len(members) < part["images"]:
        raise ValueError(
            f"{part['images']} images are to be made, and the target has {len(members)} members "
            "that are reported on; expected as many at least, as each gives one caption"
        )
    drawn = sorted(members.index, key=lambda image_id: place(part["seed"], "generated", image_id))
    drawn = drawn[: part["images"]]
    told = storage.read(manifest, ["key", "caption", "alternates"]).set_index("key")
    table = told.loc[members[drawn]].reset_index(drop=True).fillna("")
    locators = [LOCATOR + image_id for image_id in drawn]
    return plain(table.assign(part=name, row=range(len(drawn)), url=locators, family=None))
