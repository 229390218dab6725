"""What was tried on a target and what came out, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def tested(rows: list[dict[str, Any]], audit: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (how many attacks of a kind, which and at what cost), kinds in reading order.

    Args:
        rows: Its `attack_rows`.
        audit: audit/{target}.json, which knows the blind baselines.
    """
    channels = {channel["attack"] for channel in audit["channels"]}
    reading = _attacks(rows)
    blind = [row for row in rows if row["blind"] and row["attack"] in channels]
    controls = [row for row in rows if row not in reading and row not in blind]
    found = []
    if reading:
        evals = sorted(row["evals_alone"] for row in reading)
        ends = dict.fromkeys(f"{end:g}" for end in (evals[0], evals[-1]))
        cost = f"{_names(reading)}; {' to '.join(ends)} evals per image each"
        found.append((_count(reading, "attack on the model", "attacks on the model"), cost))
    if blind:
        found.append((_count(blind, "blind baseline", "blind baselines"), _names(blind)))
    if controls:
        found.append((_count(controls, "control", "controls"), _names(controls)))
    return found


def _attacks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the attacks on the model; what was told other captions is a control."""
    return [row for row in rows if not row["blind"] and "other_captions" not in row["flags"]]


def findings(rows: list[dict[str, Any]], verdict: str) -> str:
    """Say in a few sentences, with names, what the attacks on the model found.

    All of it holds at once: of many attacks that find nothing, some would look lucky alone.
    """
    reading = _attacks(rows)
    if not reading:
        return "No attack here reads the model."
    above = _names(row for row in reading if row["above_chance"] == "yes")
    below = _names(row for row in reading if row["above_chance"] == "no")
    beyond = _names(row for row in reading if row["above_blind"] == "yes")
    told = [f"Members ranked above nonmembers more often than chance allows by: {above or 'none'}."]
    if below:
        told.append(f"The wrong way round by: {below}.")
    gained = _names(row for row in reading if row["gain"] == "yes")
    if gained:
        told.append(f"Better on this model than on the control: {gained}.")
    if verdict == "NOT FAIR":
        told.append(
            "Nothing else here says anything about the model."
            if gained
            else "Neither success nor failure here says anything about the model."
        )
    else:
        told.append(f"Better than every blind baseline: {beyond or 'none'}.")
    return " ".join(told)


def brief(rows: list[dict[str, Any]], verdict: str) -> str:
    """Say in one sentence how many attacks on the model found something."""
    reading = _attacks(rows)
    if not reading:
        return "No attack here reads the model."
    gained = sum(row["gain"] == "yes" for row in reading)
    if verdict == "NOT FAIR" and not gained:
        return "Attack numbers here measure the sets, not the model."
    if verdict == "NOT FAIR":
        return f"Taken alone, attack numbers here measure the sets; {gained} gain over the control."
    above = sum(row["above_chance"] == "yes" for row in reading)
    beyond = sum(row["above_blind"] == "yes" for row in reading)
    return (
        f"Of {len(reading)} attacks on the model, {above or 'none'} did better than chance and "
        f"{beyond or 'none'} better than every blind baseline."
    )


def _count(rows: list[dict[str, Any]], one: str, many: str) -> str:
    return f"{len(rows)} {one if len(rows) == 1 else many}"


def _names(rows: Iterable[dict[str, Any]]) -> str:
    return ", ".join(row["attack"] for row in rows)
