"""What was tried on a target and what came out, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mia.evaluation.answers import EXCHANGEABLE as BY_DESIGN
from mia.evaluation.answers import NO_SIGN, NOT_USED, USED, USED_UNLESS
from mia.evaluation.reasons import DIFFERENT
from mia.evaluation.set_test import LEVEL

NO_ATTACK = "No attack here reads the model."


def tested(rows: list[dict[str, Any]], audit: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (how many attacks of a kind, which and at what cost), kinds in reading order.

    Args:
        rows: Its `attack_rows`.
        audit: audit/{target}.json, which knows the blind baselines.
    """
    channels = {channel["attack"] for channel in audit["channels"]}
    reading = attacks_on_model(rows)
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


def attacks_on_model(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the attacks on the model; what was told other captions is a control."""
    return [row for row in rows if not row["blind"] and "other_captions" not in row["flags"]]


def findings(rows: list[dict[str, Any]], verdict: str) -> str:
    """Say in a few sentences, with names, what the attacks on the model found.

    All of it holds at once: of many attacks that find nothing, some would look lucky alone. Where
    the answer rests on another test, or asks for more, a sentence says so.
    """
    reading = attacks_on_model(rows)
    if not reading:
        return NO_ATTACK
    above = _names(row for row in reading if row["above_chance"] == "yes")
    below = _names(row for row in reading if row["above_chance"] == "no")
    gained = _names(row for row in reading if row["gain"] == "yes")
    told = [f"Members ranked above nonmembers more often than chance allows by: {above or 'none'}."]
    if below:
        told.append(f"The wrong way round by: {below}.")
    if gained:
        told.append(f"Better on this model than on the control: {gained}.")
    if verdict == DIFFERENT:
        told.append(_where_sets_differ(reading, gained))
    else:
        told += [*_beside_baselines(reading, verdict), *_beside_answer(reading, above, gained)]
    return " ".join(told)


def _where_sets_differ(reading: list[dict[str, Any]], gained: str) -> str:
    if gained:
        return "Nothing else here says anything about the model."
    if _controlled(reading):
        return "Apart from the comparison with the control, nothing here speaks about the model."
    return "Neither success nor failure here says anything about the model."


def _beside_baselines(reading: list[dict[str, Any]], verdict: str) -> list[str]:
    """Say which attacks are above the baselines, where that says something."""
    if verdict == BY_DESIGN:
        return []  # there what a baseline finds is luck
    if all(row["above_blind"] == "n/a" for row in reading):
        return ["No blind baseline was run."]
    beyond = _names(row for row in reading if row["above_blind"] == "yes")
    if verdict == "FAIR" or beyond:
        return [f"An AUC surely above that of every blind baseline: {beyond or 'none'}."]
    return ["No blind baseline can clear an attack here: the sets are not shown to be alike."]


def _beside_answer(reading: list[dict[str, Any]], above: str, gained: str) -> list[str]:
    """Say how the answer goes with these sentences, where it seems not to."""
    answer = reading[0]["answer"]
    if above and answer == NO_SIGN:
        return [f"The answer asks for more: p of at most {100 * LEVEL:g} %, for the mean score."]
    if above and answer == NOT_USED:
        return ["The control decides: what they gain over it lies below the stated bound."]
    if answer in (USED, USED_UNLESS) and not (above or gained):
        return ["The answer rests on another test: whether members score higher on average."]
    return []


def brief(rows: list[dict[str, Any]], verdict: str) -> str:
    """Say in one sentence how many attacks on the model found something."""
    reading = attacks_on_model(rows)
    if not reading:
        return NO_ATTACK
    gained = sum(row["gain"] == "yes" for row in reading)
    if verdict == DIFFERENT and not _controlled(reading):
        return "Attack numbers here measure the sets, not the model."
    if verdict == DIFFERENT:
        alone = "Taken alone, attack numbers here measure the sets"
        return f"{alone}; {_gaining(gained)} over the control."
    above = sum(row["above_chance"] == "yes" for row in reading)
    beyond = sum(row["above_blind"] == "yes" for row in reading)
    told = f"{above or 'none'} ranked members higher than chance allows"
    if verdict == "FAIR":
        told += f", {beyond or 'none'} surely above every blind baseline"
    if gained:
        told += f", {_gaining(gained)} over the control"
    return f"Of {len(reading)} attacks on the model, {told}."


def _gaining(number: int) -> str:
    return f"{number or 'none'} {'gain' if number > 1 else 'gains'}"


def _controlled(rows: list[dict[str, Any]]) -> bool:
    return any(row["gain"] != "n/a" for row in rows)


def _count(rows: list[dict[str, Any]], one: str, many: str) -> str:
    return f"{len(rows)} {one if len(rows) == 1 else many}"


def _names(rows: Iterable[dict[str, Any]]) -> str:
    return ", ".join(row["attack"] for row in rows)
