"""Whether an entry of `attacks:` exists on a target: it has the images and the model it reads."""

from __future__ import annotations

from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.contract import Entry, traits_of
from mia.config.kinds import FULL
from mia.config.materials import Materials


def exists(materials: Materials, attack: Entry, target: str) -> bool:
    """Return whether a target with image sets, and its model, have what an attack reads."""
    traits = traits_of(attack)
    addressed = any(map(materials.addressed, materials.sets(target)))
    return (
        (bool(materials.controls(target)) or not traits.reads_reference)
        and (bool(materials.references(target)) or not traits.reads_references)
        and (addressed or not traits.reads_addresses)
        and target in (traits.targets or (target,))
        and not lacks_model(materials, attack, target)
        and not lacks_images(materials, attack, target)
    )


def lacks_model(materials: Materials, attack: Entry, target: str) -> bool:
    """Return whether an attack needs a model and the target has none.

    Scores from a file ask no model here. What is measured on images as a model sees them needs its
    resolution.
    """
    asks = reads_model(attack.access) and attack.access != EXTERNAL
    return (asks or bool(attack.queries)) and materials.kind(target) != FULL


def lacks_images(materials: Materials, attack: Entry, target: str) -> bool:
    """Return whether an attack looks at images and a set of the target has captions alone."""
    return traits_of(attack).reads_files and bool(materials.imageless(target))
