"""What became of an image set: rows, failures, duplicates, what was kept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia.images.sources.shared.exclusion import EXCLUDED
from mia.images.sources.shared.shelf import source
from mia.report.pages.texts import FAILURES, PAIRS

DUPLICATES = ("exact", "near", "mirror", "embedding")


def image_set_context(
    name: str,
    spec: dict[str, Any],
    manifest: pd.DataFrame,
    pairs: pd.DataFrame,
    about: dict[str, Any],
) -> dict[str, Any]:
    """Return an image set's counts.

    Args:
        name: The set.
        spec: Its config.
        manifest: Columns part, status, kept, reason.
        pairs: Columns part_a, part_b, kind.
        about: What the manifest's metadata say.
    """
    opened = manifest["status"] == "success"
    asked = manifest["status"] != EXCLUDED
    kept = manifest["kept"].astype(bool)
    failures = manifest.loc[~opened & asked, "status"].value_counts()
    reasons = manifest.loc[opened & ~kept, "reason"].map(kind_of_reason).value_counts()
    return {
        "name": name,
        "source": spec["source"],
        "openmoji": is_openmoji(spec),
        "captions_only": not source(spec["source"]).has_images,
        "rows": int(asked.sum()),
        "opened": int(opened.sum()),
        "kept": int(kept.sum()),
        "survival": float(opened[asked].mean()) if asked.any() else float("nan"),
        "parts": [
            {
                "name": part,
                "rows": int(asked[rows.index].sum()),
                "opened": int(opened[rows.index].sum()),
                "dropped": int((opened & ~kept)[rows.index].sum()),
                "kept": int(kept[rows.index].sum()),
            }
            for part, rows in manifest.groupby("part")
        ],
        "excluded": int((~asked).sum()),
        "idle_entries": about.get("idle_entries"),
        "folders": [folder_words(part, of) for part, of in about.get("folders", {}).items()],
        "failures": [(FAILURES.get(status, status), int(n)) for status, n in failures.items()],
        "reasons": [(reason, int(n)) for reason, n in reasons.items()],
        "pairs": pair_counts(pairs),
        "across": int(
            ((pairs["part_a"] != pairs["part_b"]) & pairs["kind"].isin(DUPLICATES)).sum()
        ),
    }


def folder_words(part: str, of: dict[str, Any]) -> dict[str, Any]:
    """Return a part's name, where its folder's captions came from, its other files by kind."""
    return {"part": part, "captions": of["captions"], "others": sorted(of["others"].items())}


def pair_counts(pairs: pd.DataFrame) -> list[tuple[str, int]]:
    """Return how many pairs of each kind were found, in the order of `PAIRS`."""
    found = pairs["kind"].value_counts()
    return [(words, int(found[kind])) for kind, words in PAIRS.items() if kind in found]


def kind_of_reason(reason: str) -> str:
    """Return a reason without the keys that tell one row's from another's.

    >>> kind_of_reason("duplicate of 0123456789abcdef")
    'duplicate of another image'
    """
    words = [
        "another image" if len(word) >= 8 and set(word) <= set("0123456789abcdef") else word
        for word in str(reason).split()
    ]
    return " ".join(words) or "no reason given"


def is_openmoji(spec: dict[str, Any]) -> bool:
    """Whether a set's images are OpenMoji's, which have to be credited."""
    return spec["source"] == "builtin" and spec.get("builtin", "openmoji") == "openmoji"
