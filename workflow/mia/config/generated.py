"""A target's third side: `targets.<name>.generated` becomes an image set `<name>-generated`.

Its images are made by the target's model of captions of its members. No side of a target names the
set, so that no number of members and nonmembers depends on it.
"""

from __future__ import annotations

from typing import Any

from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.contract import Entry, traits_of
from mia.attacks.shared.other_captions import OtherCaptions
from mia.config.errors import ConfigError
from mia.config.kinds import FULL, kind_of

SOURCE = "generated"
AS_MEMBERS = ("duplicates", "pixel_limit", "alternates")  # keys taken over from the members' set


def set_of(target: str) -> str:
    """Return the name of the image set that a target's model makes."""
    return f"{target}-generated"


def with_generated(config: dict[str, Any]) -> dict[str, Any]:
    """Return a completed config with the image set of every target that has such a side.

    A target that may not have one is left as it is: `mia.config.checks` refuses it.

    Raises:
        ConfigError: An image set has the name already.
    """
    sets = config["image_sets"]
    written = {}
    for name, target in config["targets"].items():
        members = sets.get(str(target.get("members")).partition(":")[0])
        if "generated" not in target or kind_of(target) != FULL or members is None:
            continue
        if set_of(name) in sets:
            key = f"targets.{name}.generated"
            raise ConfigError(f"{key}: an image set is called {set_of(name)!r} too; rename it")
        asked = {key: target["generated"][key] for key in ("images", "shards")}
        own = {"source": SOURCE, "seed": config["seed"], "min_success": 0, **asked}
        written[set_of(name)] = {**own, **{k: members[k] for k in AS_MEMBERS if k in members}}
    return {**config, "image_sets": {**sets, **written}}


def is_tried(attack: Entry) -> bool:
    """Return whether an attack is tried on images that the model makes.

    It asks the model about the image itself under the own caption. No score from a file is of such
    an image, and no reference has learnt one.
    """
    asks = reads_model(attack.access) and attack.access != EXTERNAL
    return asks and not (isinstance(attack, OtherCaptions) or traits_of(attack).reads_references)
