"""What the stages that plan and download an image set are told of it; no other key reruns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.images.sources.shared.shelf import source

OF_ALL = ("source", "limit", "parts")  # what every plan depends on


def plan_settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of an image set that its plan depends on."""
    planned = [name for name, key in source(spec["source"]).keys.items() if key.planned]
    return {key: spec[key] for key in (*OF_ALL, *planned) if key in spec}


def download_settings(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of an image set that its download depends on, and which module fetches it."""
    kind = source(spec["source"])
    fetched = [name for name, key in kind.keys.items() if key.fetched]
    return {"fetched_by": kind.fetched_by, **{key: spec[key] for key in fetched if key in spec}}
