"""Where a duplicate begins: the pairs on either side of the limits, within a set or between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mia import storage
from mia.report.pages import near_pairs
from mia.report.pages.image_sets import is_openmoji

PAIRS = ["distance", "rmse", "mirrored", "cosine", "kind"]
SHOWN = ["key", "caption", "thumbnail"]


def within(
    name: str, spec: Mapping[str, Any], pairs: pd.DataFrame, manifest: Path
) -> dict[str, Any]:
    """Return what the page says of the limits of an image set.

    Args:
        name: The set.
        spec: The experiment, as the rule gives it.
        pairs: Those of the set, as for `near_pairs.nearest`.
        manifest: File of the set.

    Returns:
        `rule`, `thresholds`, `near` (None where its images may not be shown) and `openmoji`.
    """
    return _limits(spec, [name], pairs, lambda: storage.read(manifest, SHOWN).set_index("key"))


def between(
    target: str, spec: Mapping[str, Any], pairs: Path, manifests: Mapping[str, Path]
) -> dict[str, Any] | None:
    """Return the same of a target's two sets.

    It is None where one set holds both sides, and where a set has captions alone or there is none.

    Args:
        target: The target.
        spec: As for `within`.
        pairs: File of the target's pairs.
        manifests: Image set to file.
    """
    sets = spec["targets"][target]["sets"]
    if len(sets) < 2 or spec["targets"][target].get("imageless"):
        return None
    found = storage.read(pairs, [*PAIRS, "set_a", "key_a", "set_b", "key_b"])
    # Two sets may hold the same address, and so the same key.
    found = found.assign(**{f"key_{s}": found[f"set_{s}"] + ":" + found[f"key_{s}"] for s in "ab"})

    def pictures() -> pd.DataFrame:
        held = pd.concat(storage.read(manifests[name], SHOWN).assign(set=name) for name in sets)
        return held.set_index(held["set"] + ":" + held["key"])

    return _limits(spec, sets, found, pictures)


def _limits(
    spec: Mapping[str, Any],
    sets: list[str],
    pairs: pd.DataFrame,
    pictures: Callable[[], pd.DataFrame],
) -> dict[str, Any]:
    """Pairs of two sets are judged by the rule of the first, the members'.

    Images are read only where they may be shown.
    """
    rule = spec["image_sets"][sets[0]]["duplicates"]
    may_be_shown = {*sets} <= {*spec["pictured"]}
    return {
        "rule": rule,
        "thresholds": near_pairs.by_threshold(pairs, rule),
        "near": near_pairs.gallery(pairs, rule, pictures()) if may_be_shown else None,
        "openmoji": any(is_openmoji(spec["image_sets"][name]) for name in sets),
    }
