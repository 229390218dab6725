"""Images of a target on the page: the two ends of a ranking, and those that are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from mia import result_paths as paths
from mia import storage
from mia.access import reads_model
from mia.evaluation.scored import scored
from mia.path_names import names
from mia.report.pages import image_sets, pictures
from mia.told_captions import FIELD, OWN


def gallery(
    target: str,
    spec: dict[str, Any],
    scores: list[Path],
    manifests: dict[str, Path],
    membership: Path,
    detections: pd.DataFrame,
) -> dict[str, Any] | None:
    """Return a target's most and least member-like images, or None where none may be shown.

    The ranking attack is chosen on the calibration fold, and its images come from the evaluation
    fold. Attacks that are fitted on calibration are left out, as their scores there flatter them.

    `named` are images that this attack names, the surest first.
    """
    if not may_show(target, spec):
        return None
    sets = sorted(spec["targets"][target]["sets"])
    known = storage.read(membership)
    ranked = {}
    for path in sorted(path for path in scores if names(paths.SCORES, path)["target"] == target):
        about = storage.metadata(path)
        attacks = reads_model(about["access"]) and about.get(FIELD, OWN) == OWN
        if attacks and not about.get("trained"):
            ranked[about["name"]] = scored(storage.read(path), known, str(path))
    attack = pictures.strongest(ranked)
    if attack is None:
        return None
    columns = ["image_id", "caption", "thumbnail", "kept"]
    held = pd.concat([storage.read(manifests[name], columns) for name in sets])
    held = held[held["kept"].astype(bool)].drop_duplicates("image_id").set_index("image_id")
    credit = any(image_sets.is_openmoji(spec["image_sets"][name]) for name in sets)
    mine = detections[(detections["target"] == target) & (detections["attack"] == attack)]
    ids = mine.sort_values("p", kind="stable")["image_id"].head(pictures.SHOWN)
    named = pictures.entries(ranked[attack].loc[ids].reset_index(), held)
    ends = pictures.ends(ranked[attack], held)
    return {"attack": attack, "credit": credit, "named": named, **ends}


def may_show(target: str, spec: dict[str, Any]) -> bool:
    """Return whether the report may show images of a target and their keys."""
    sets = spec["targets"][target]["sets"]
    return bool(sets) and {*sets} <= {*spec["pictured"]}


def keys(target: str, spec: dict[str, Any], membership: Path) -> dict[str, str] | None:
    """Return image_id to key of a target's images, or None where none may be shown."""
    if not may_show(target, spec):
        return None
    rows = storage.read(membership, ["image_id", "key"])
    return dict(zip(rows["image_id"], rows["key"], strict=True))
