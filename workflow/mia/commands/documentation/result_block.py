"""A page's result block: AUC by attack and target at a glance, then the whole table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

QUIET = {"few_false_positives", "too_few", "shift", "combines_signals", "external"}
"""Flags that do not concern an AUC, or that its verdict or name says already."""

OPEN, CLOSE = "<!-- results -->", "<!-- /results -->"
WRITTEN = "<!-- Written by `make readme` from {source}; do not edit. -->"


def block(table: str, rows: Sequence[Mapping[str, str]], source: str) -> str:
    """Return the block's text.

    Args:
        table: The wide table in Markdown, as `mia.evaluation.readable.markdown` wrote it.
        rows: The same table as read from its CSV, all values text.
        source: The file the table came from.
    """
    return "\n".join(
        [
            WRITTEN.format(source=source),
            "",
            glance(rows),
            caption(rows),
            "",
            "<details><summary>The whole table: TPR at 1 % FPR, blind baseline, cost</summary>",
            "",
            table.strip(),
            "",
            "</details>",
        ]
    )


def glance(rows: Sequence[Mapping[str, str]]) -> str:
    """Return AUC and interval, one line per attack, one column per target under its verdict.

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
        lines.append([f"`{attack}`", *(cells.get((attack, target), "–") for target in targets)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def caption(rows: Sequence[Mapping[str, str]]) -> str:
    """Return the caption: on how many pictures the numbers rest."""
    sizes = {row["target"]: (int(row["n_member"]), int(row["n_nonmember"])) for row in rows}
    listed = "; ".join(
        f"{target} {members} + {nonmembers} ({nonmembers // 100})"
        for target, (members, nonmembers) in sizes.items()
    )
    flags = sorted({flag for row in rows for flag in _loud(row)})
    flagged = f" ⚑: flagged, {', '.join(f'`{flag}`' for flag in flags)}." if flags else ""
    return (
        "\nAUC: 0.5 is a coin toss. A dash: the target has no reference model, which this attack "
        "reads. Evaluation pictures, members + nonmembers, and in brackets the false positives "
        f"that 1 % FPR allows: {listed}.{flagged}"
    )


def replace(page: str, text: str, name: str) -> str:
    """Return `page` with `text` between its two markers; `name` is for messages.

    Raises:
        ValueError: The markers are not there, once each and in order.
    """
    before, opened, rest = page.partition(OPEN)
    _, closed, after = rest.partition(CLOSE)
    if not (opened and closed) or OPEN in rest or CLOSE in after:
        raise ValueError(f"{name}: expected one {OPEN} and after it one {CLOSE}")
    return f"{before}{OPEN}\n{text}\n{CLOSE}{after}"


def _auc(row: Mapping[str, str]) -> str:
    value, low, high = (float(row[key]) for key in ("auc", "auc_low", "auc_high"))
    return f"{value:.2f} [{low:.2f}–{high:.2f}]{' ⚑' if _loud(row) else ''}"


def _loud(row: Mapping[str, str]) -> set[str]:
    """The flags that belong beside an AUC."""
    return set(row["flags"].split()) - QUIET
