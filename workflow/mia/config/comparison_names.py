"""`compare`, in its short form: one comparison that has no name."""

from __future__ import annotations

from typing import Any

from mia.config.errors import ConfigError

ENDS = ("before", "after")
ALONE = "compare"  # what the only comparison is called where it has no name of its own


def name_comparisons(config: dict[str, Any]) -> None:
    """Put a comparison without a name, in place, under the name `ALONE`.

    Raises:
        ConfigError: Named comparisons stand beside one without a name, or an end is missing.
    """
    given = config.get("compare") or {}
    if not {*ENDS} & {*given}:
        return
    if others := sorted({*given} - {*ENDS}):
        raise ConfigError(
            f"compare: {', '.join(others)} beside before or after; expected one comparison, "
            "{before: …, after: …}, or a name for each"
        )
    if missing := [end for end in ENDS if end not in given]:
        raise ConfigError(f"compare: missing key {missing[0]!r}")
    config["compare"] = {ALONE: dict(given)}
