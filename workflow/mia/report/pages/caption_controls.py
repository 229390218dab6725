"""What an attack reads in captions: its AUC under its own captions and under others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.told_captions import FIXED, OWN, SHUFFLED, SWAPPED

NULL = "null"
COLUMNS = (OWN, FIXED, SHUFFLED, SWAPPED, NULL)


def caption_controls(
    families: Sequence[Mapping[str, str]],
    rows: Sequence[Mapping[str, Any]],
    pairs: pd.DataFrame,
    target: str,
    level: float,
) -> list[dict[str, Any]]:
    """Return a row for each attack on a target that has controls.

    Args:
        families: What `mia.config.caption_controls` returned.
        rows: The target's `attack_rows`.
        pairs: tables/pairwise.csv, numbers as floats.
        target: Its name.
        level: p, Holm-adjusted over all pairs of the target, below which two AUCs differ.

    Returns:
        attack, cells (one for each of `COLUMNS`: auc with its ends, and the difference of the own
        AUC from it with its ends and p; None where no entry asks it) and reading.
    """
    areas = {row["attack"]: row["auc"] for row in rows}
    mine = pairs[pairs["target"] == target]
    found = []
    for family in families:
        asked = {kind: entry for kind, entry in _by_column(family).items() if entry in areas}
        if not {*asked} - {OWN, NULL}:
            continue
        own = asked.get(OWN)
        cells = {kind: _cell(areas, asked.get(kind), own, mine) for kind in COLUMNS}
        name = own or next(iter(asked.values()))
        found.append(
            {"attack": name, "cells": list(cells.values()), "reading": reading(cells, level)}
        )
    return found


def reading(cells: Mapping[str, Mapping[str, Any] | None], level: float) -> str:
    """Say what the numbers mean; `cells` are those of one row, by column."""
    own, shuffled = cells[OWN], cells[SHUFFLED]
    bare = [cell for cell in (cells[FIXED], cells[NULL]) if cell]
    if own is None:
        return "No entry asks it under the own captions."
    if not _above(own):
        return "It separates nothing under the own captions."
    if any(map(_above, bare)):
        image = "It reads the image: it separates without its caption."
        adds = shuffled is not None and _lower(shuffled, level)
        return f"{image} The right caption adds to it." if adds else image
    if shuffled is None:
        return "Only shuffled captions would tell whether it reads the pair."
    if _lower(shuffled, level):
        more = "." if not _above(shuffled) else ", and the style of captions besides."
        return f"It reads the pair of image and caption{more}"
    if not _above(shuffled):
        return "Undecided: no difference beyond chance, and no AUC beyond chance when shuffled."
    if bare:
        return "It reads the style of captions: to break the pairs changes nothing beyond chance."
    return "It does not need the pairs; fixed or null captions would tell style from image."


def _by_column(family: Mapping[str, str]) -> dict[str, str]:
    """Return column to entry; of several fixed captions the first."""
    found: dict[str, str] = {}
    for captions, entry in family.items():
        found.setdefault(captions.partition(":")[0], entry)
    return found


def _cell(
    areas: Mapping[str, Any], entry: str | None, own: str | None, pairs: pd.DataFrame
) -> dict[str, Any] | None:
    if entry is None:
        return None
    value, low, high = areas[entry]
    cell = {"entry": entry, "value": value, "low": low, "high": high, "difference": None}
    for pair in pairs.itertuples():
        ends = {"difference": pair.difference, "lower": pair.low, "upper": pair.high}
        if (pair.attack, pair.other) == (own, entry):
            return {**cell, **ends, "p": pair.p_holm}
        if (pair.attack, pair.other) == (entry, own):
            turned = {"difference": -pair.difference, "lower": -pair.high, "upper": -pair.low}
            return {**cell, **turned, "p": pair.p_holm}
    return cell


def _above(cell: Mapping[str, Any] | None) -> bool:
    return cell is not None and cell["low"] > 0.5


def _lower(cell: Mapping[str, Any], level: float) -> bool:
    """Return whether the AUC is below the own one beyond chance."""
    return cell["difference"] is not None and cell["difference"] > 0 and cell["p"] < level
