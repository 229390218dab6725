"""What the page says about how a verdict was reached."""

from __future__ import annotations

import math
from typing import Any

from mia.report.pages.texts import FAILURES

SHOWN = 10  # least balanced columns
FEATURES = {
    "image": "image statistics",
    "embedding": "numbers of the image embeddings",
    "text": "numbers of the captions’ text-encoder states",
}


def rests_on(audit: dict[str, Any], confidence: float) -> dict[str, Any]:
    """Return `channels`, `balance`, `distances` and `lost` of an audit, as said below."""
    return {
        "channels": channel_rows(audit),
        "balance": balance_summary(audit, confidence),
        "distances": [{**one, "of": FEATURES[one["features"]]} for one in audit["frechet"]],
        "lost": lost(audit["failed_hosts"]),
    }


def lost(found: dict[str, Any]) -> dict[str, Any]:
    """Return the audit's hosts that lost images, `mostly` in words, and which lost unequally."""
    hosts = [{**host, "mostly": FAILURES[host["mostly"]]} for host in found["hosts"]]
    return {**found, "hosts": hosts, "unequal": [of["host"] for of in hosts if of["unequal"]]}


def channel_rows(audit: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the audit's channels with their other splits and their self-test beside them.

    Args:
        audit: audit/{target}.json.

    Returns:
        The channels; `fair` and `not_fair` as (low, high), the intervals that these verdicts ask
        for; `shown_at`, the smallest AUC that would have been shown to differ from 0.5, and
        `not_fair_at`, the smallest that would have been called NOT FAIR, both with 80 % power, NaN
        where there is none below 1; `spread` as (low, mean, high) and `self_test` as (auc, low,
        high), None where there is none.
    """
    return [
        {
            **channel,
            "fair": (channel["fair_low"], channel["fair_high"]),
            "not_fair": (channel["not_fair_low"], channel["not_fair_high"]),
            "shown_at": _below_one(channel["detectable"]),
            "not_fair_at": _below_one(channel["detectable"] + audit["margin"]),
            "spread": _numbers(audit["spread"].get(channel["attack"]), "low", "mean", "high"),
            "self_test": _numbers(audit["self_test"].get(channel["attack"]), "auc", "low", "high"),
        }
        for channel in audit["channels"]
    ]


def balance_summary(audit: dict[str, Any], confidence: float) -> dict[str, Any]:
    """Return the least balanced columns, and how many of all are unbalanced.

    Args:
        audit: audit/{target}.json.
        confidence: Level of the tests, in (0, 1).

    Returns:
        `columns`, `unbalanced` (by size of the difference of means), `by_chance` (how many of these
        two sets that are alike would have on average), `differ` (by distribution, beyond chance),
        and `rows`, those that are either, at most `SHOWN`.
    """
    rows = audit["balance"]
    unbalanced = [row for row in rows if row["unbalanced"]]
    differ = [row for row in rows if row["p"] < 1 - confidence]
    either = [row for row in rows if row in unbalanced or row in differ]
    return {
        "columns": len(rows),
        "unbalanced": len(unbalanced),
        "by_chance": sum(row["chance"] or 0 for row in rows),
        "differ": len(differ),
        "rows": either[:SHOWN],
    }


def _below_one(auc: float) -> float:
    return auc if auc < 1 else math.nan


def _numbers(entry: dict[str, float] | None, *names: str) -> tuple[float, ...] | None:
    return tuple(entry[name] for name in names) if entry else None
