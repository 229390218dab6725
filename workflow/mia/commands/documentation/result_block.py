"""A page's result block: AUC by attack and target at a glance, then the whole table.

A page opens its block with `<!-- results -->`. With names, as in `<!-- results: loss blind -->`,
the block holds these attacks alone and no whole table; `blind` is the hardest blind baseline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mia.stats.metrics import allowed_false_positives, headline_limit

QUIET = {"few_false_positives", "too_few", "shift", "combines_signals", "external"}
"""Flags that do not concern an AUC, or that its verdict or name says already."""

OPEN, CLOSE = re.compile(r"<!-- results(?:: ([\w ]+))? -->"), "<!-- /results -->"
BLIND = "blind"
LABELS = {BLIND: "hardest blind baseline"}
GAIN = "Behind it, the gain over the control model, bold where the model surely adds something. "
WRITTEN = "<!-- Written by `make readme` from {source}; do not edit. -->"


def block(
    table: str, rows: Sequence[Mapping[str, str]], source: str, names: Sequence[str] = ()
) -> str:
    """Return the block's text.

    Args:
        table: The wide table in Markdown, as `mia.evaluation.readable.markdown` wrote it.
        rows: The same table as read from its CSV, all values text.
        source: The file the table came from.
        names: The attacks to show; all of them, and the wide table, where none is named.
    """
    shown = chosen(rows, names) if names else rows
    glimpse = [WRITTEN.format(source=source), "", glance(shown), caption(shown)]
    if names:
        return "\n".join(glimpse)
    return "\n".join(
        [
            *glimpse,
            "",
            "<details><summary>The whole table: TPR, blind baseline, cost</summary>",
            "",
            table.strip(),
            "",
            "</details>",
        ]
    )


def chosen(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> list[Mapping[str, str]]:
    """Return the rows of `names`, in their order; `blind`: of each target the hardest baseline.

    >>> row = dict(target="t", access="model-free", auc="0.4", auc_low="0.3", auc_high="0.5")
    >>> rows = [row | dict(attack="blind_a"), row | dict(attack="blind_b", auc="0.55")]
    >>> [(found["attack"], found["auc"]) for found in chosen(rows, ["blind"])]
    [('blind', '0.4')]
    """
    found = []
    for name in names:
        if name != BLIND:
            found += [row for row in rows if row["attack"] == name]
            continue
        for target in dict.fromkeys(row["target"] for row in rows):
            baselines = [
                row
                for row in rows
                if (row["target"], row["access"]) == (target, "model-free")
                and row["attack"] not in names
            ]
            if baselines:
                hardest = max(baselines, key=lambda row: abs(float(row["auc"]) - 0.5))
                found.append({**hardest, "attack": BLIND})
    return found


def glance(rows: Sequence[Mapping[str, str]]) -> str:
    """Return AUC and interval, one line per attack, one column per target under its verdict.

    Behind them stands the gain over the control model, where there is one.

    >>> row = dict(target="t", attack="coin", verdict="FAIR", flags="too_few")
    >>> print(glance([row | dict(auc="0.5", auc_low="0.46", auc_high="0.541")]), end="")
    | AUC [95 %] | t |
    | --- | --- |
    | *verdict on the sets* | *FAIR* |
    | `coin` | 0.50 [0.46–0.54] |
    """
    targets = {row["target"]: row["verdict"] for row in rows}
    cells = {(row["attack"], row["target"]): _auc(row) for row in rows}
    lines = [
        ["AUC [95 %]", *targets],
        ["---"] * (1 + len(targets)),
        ["*verdict on the sets*", *(f"*{verdict}*" for verdict in targets.values())],
    ]
    for attack in dict.fromkeys(row["attack"] for row in rows):
        label = LABELS.get(attack, f"`{attack}`")
        lines.append([label, *(cells.get((attack, target), "–") for target in targets)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def caption(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the caption: on how many images the numbers rest."""
    sizes: dict[str, tuple[int, int]] = {}
    for row in rows:  # attacks that learn are reported on fewer images
        size = int(row["n_member"]), int(row["n_nonmember"])
        sizes[row["target"]] = max(size, sizes.get(row["target"], (0, 0)))
    listed = "; ".join(
        f"{target} {members} + {nonmembers} ({_headline(nonmembers)})"
        for target, (members, nonmembers) in sizes.items()
    )
    flags = sorted({flag for row in rows for flag in _loud(row)})
    flagged = f" ⚑: flagged, {', '.join(f'`{flag}`' for flag in flags)}." if flags else ""
    return (
        f"\nAUC: 0.5 is a coin toss. {GAIN if any(map(_gain, rows)) else ''}A dash: the target "
        "lacks what this attack reads. Members + nonmembers (the FPR of a TPR: its false "
        f"positives): {listed}; attacks that learn: five sixths.{flagged}"
    )


def _headline(nonmembers: int) -> str:
    limit = headline_limit(nonmembers)
    return f"{100 * limit:g} %: {allowed_false_positives(limit, nonmembers)}"


def replace(page: str, text: str, name: str) -> str:
    """Return `page` with `text` between its two markers; `name` is for messages.

    Raises:
        ValueError: The markers are not there, once each and in order.
    """
    start, end = _place(page, name)
    return f"{page[:start]}\n{text}\n{page[end:]}"


def names(page: str, name: str) -> list[str]:
    """Return the attacks that `page` names where its block opens; `name` is for messages.

    Raises:
        ValueError: As in `replace`.
    """
    _place(page, name)
    [opened] = OPEN.finditer(page)
    return (opened[1] or "").split()


def _place(page: str, name: str) -> tuple[int, int]:
    """Where the block begins behind one marker and ends before the other."""
    opened, closed = [*OPEN.finditer(page)], page.find(CLOSE)
    if len(opened) != 1 or page.count(CLOSE) != 1 or closed < opened[0].end():
        raise ValueError(f"{name}: expected one <!-- results --> and after it one {CLOSE}")
    return opened[0].end(), closed


def _auc(row: Mapping[str, str]) -> str:
    value, low, high = (float(row[key]) for key in ("auc", "auc_low", "auc_high"))
    return f"{value:.2f} [{low:.2f}–{high:.2f}]{_gain(row)}{' ⚑' if _loud(row) else ''}"


def _gain(row: Mapping[str, str]) -> str:
    """Return what an attack gains over the control model, in bold where it is found."""
    if row.get("gain", "n/a") == "n/a":
        return ""
    gain = f"{float(row['auc_gain']):+.2f}"
    return f" **{gain}**" if row["gain"] == "yes" else f" {gain}"


def _loud(row: Mapping[str, str]) -> set[str]:
    """The flags that belong beside an AUC."""
    return set(row["flags"].split()) - QUIET
