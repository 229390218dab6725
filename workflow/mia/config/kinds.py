"""Of which kind a target is: with a model, of image sets alone, or of a table of scores alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FULL, AUDIT_ONLY, SCORES_ONLY = "full", "audit only", "scores only"


def kind_of(target: Mapping[str, Any]) -> str:
    """Return the kind of a target.

    >>> kind_of({"model": "mine", "members": "a", "nonmembers": "b"})
    'full'
    >>> kind_of({"members": "a", "nonmembers": "b"}), kind_of({"scores": "published.csv"})
    ('audit only', 'scores only')
    """
    if "scores" in target:
        return SCORES_ONLY
    return FULL if "model" in target else AUDIT_ONLY
