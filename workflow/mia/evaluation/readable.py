"""The wide table for readers: HTML for Snakemake's report, Markdown for the README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

from mia.evaluation.headline import target_limit
from mia.evaluation.summary import TPR_COLUMNS

STYLE = """
:root { color-scheme: light dark; }
table { border-collapse: collapse; font: 15px/1.5 system-ui, sans-serif; }
th, td { padding: .25em .6em; text-align: left; border-bottom: 1px solid #8886; }
th[scope=rowgroup] { padding-top: 1.2em; }
"""
NA = "n/a"


def html(rows: Sequence[Mapping[str, Any]], sentences: Mapping[str, str], confidence: float) -> str:
    """Return a page that holds the table alone, with each target's verdict beside its name.

    Args:
        rows: As `summary_rows`, targets together.
        sentences: Target to the sentence of its verdict.
        confidence: Of the intervals.
    """
    level = f"{100 * confidence:g} %"
    head = [
        *("Attack", "Access", "Members", "Nonmembers", f"AUC [{level}]"),
        *(f"TPR at {100 * limit:g} % FPR [{level}]" for limit in TPR_COLUMNS),
        *(
            "AUC on the control",
            f"Gain over the control [{level}]",
            "Blind twin (R²)",
            "Best blind AUC",
            "Above blind",
        ),
        *("Evals per image, alone", "Evals per image, shared"),
        *("Backward passes per image", "Generations per image", "Flags"),
    ]
    lines = ["<tr>", *(f'<th scope="col">{escape(name)}</th>' for name in head), "</tr>"]
    body = ["<thead>", *lines, "</thead>"]
    for target, of_target in groupby(rows, key=lambda row: row["target"]):
        caption = f"{escape(target)}: {escape(sentences[target])}"
        body += ["<tbody>", f'<tr><th scope="rowgroup" colspan="{len(head)}">{caption}</th></tr>']
        for row in of_target:
            first, *others = _cells(row)
            cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
            body.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
        body += [
            f'<tr><th scope="row">no signal</th>{_no_signal(row)}</tr>',
            "</tbody>",
        ]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Attacks on every target</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            "<table>\n<caption>Attacks on every target</caption>",
            *body,
            "</table>\n</body>\n</html>\n",
        ]
    )


def markdown(rows: Sequence[Mapping[str, Any]], confidence: float) -> str:
    """Return the README's table; the TPR is that at each target's headline limit."""
    first = {
        target: target_limit(of_target)
        for target, of_target in groupby(rows, key=lambda row: row["target"])
    }
    head = [
        *("Target", "Verdict", "Attack", f"AUC [{100 * confidence:g} %]", "TPR", "at FPR"),
        *("gain over control", "best blind AUC", "above blind", "evals/image", "flags"),
    ]
    lines = [head, ["---"] * len(head)]
    for row in rows:
        lines.append(
            [
                *(row["target"], row["verdict"], row["attack"]),
                *(_auc(row), _percent(row, TPR_COLUMNS[first[row["target"]]])),
                *(f"{100 * first[row['target']]:g} %", _gain(row)),
                *(
                    _decimal(row["blind_auc"]),
                    row["above_blind"],
                    _passes(row),
                    row["flags"].replace(" ", ", "),
                ),
            ]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        *(row["attack"], row["access"], str(row["n_member"]), str(row["n_nonmember"]), _auc(row)),
        *(_percent(row, column) for column in TPR_COLUMNS.values()),
        *(_decimal(row["auc_control"]), _gain(row), _twin(row)),
        *(_decimal(row["blind_auc"]), row["above_blind"], str(row["evals_alone"])),
        *(f"{row['evals_shared']:.3g}", str(row["backwards"]), str(row["generations"])),
        row["flags"],
    ]


def _passes(row: Mapping[str, Any]) -> str:
    """Return the evals of an attack alone, and its backward passes if there are any."""
    back = f" + {row['backwards']} backward" if row["backwards"] else ""
    return f"{row['evals_alone']}{back}"


def _no_signal(row: Mapping[str, Any]) -> str:
    """Return the cells of the row that says where numbers without any signal land."""
    found = [f"{row['auc_chance_low']:.2f}–{row['auc_chance_high']:.2f}"]
    for column in TPR_COLUMNS.values():
        low, high = (100 * row[f"{column}_chance_{end}"] for end in ("low", "high"))
        found.append(NA if row[column] is None else f"{low:.1f}–{high:.1f} %")
    return "".join(f"<td>{cell}</td>" for cell in ["", "", "", *found, *[""] * 10])


def _auc(row: Mapping[str, Any]) -> str:
    return f"{row['auc']:.2f} [{row['auc_low']:.2f}–{row['auc_high']:.2f}]"


def _gain(row: Mapping[str, Any]) -> str:
    """Return what an attack gains over its control models, with its interval."""
    if row["auc_gain"] is None:
        return NA
    ends = (f"{row['auc_gain' + end]:+.2f}" for end in ("", "_low", "_high"))
    return "{} [{} to {}]".format(*ends)


def _twin(row: Mapping[str, Any]) -> str:
    """Return the AUC of a row's blind twin, with the share of the score that it foretells."""
    if row["auc_blind_twin"] is None:
        return NA
    return f"{row['auc_blind_twin']:.2f} ({row['blind_twin_r2']:.2f})"


def _percent(row: Mapping[str, Any], column: str) -> str:
    """Return a rate of [0, 1] in percent, with its interval."""
    if row[column] is None:
        return NA
    value, low, high = (100 * row[column + end] for end in ("", "_low", "_high"))
    return f"{value:.1f} % [{low:.1f}–{high:.1f}]"


def _decimal(value: float | None) -> str:
    return NA if value is None else f"{value:.2f}"
