"""The figures by name: the directory is the registry. Nothing here loads matplotlib."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).parents[1]
SCORES, LOSSES = "scores", "losses"


@dataclass(frozen=True)
class Facts:
    """What `mia.report.figures.shared.contract` says of a figure, by the names that it has there.

    Args:
        name: The file's name.
    """

    name: str
    label: str
    reads: str
    column: str
    rank: int
    caption: str
    note: str


def known_figures(reads: Iterable[str] = (SCORES, LOSSES)) -> list[Facts]:
    """Return all figures in reading order, or those that read one of `reads`."""
    found = [facts(path.stem) for path in FIGURES.glob("[!_]*.py")]
    ordered = sorted(found, key=lambda figure: (figure.column, figure.rank, figure.name))
    return [figure for figure in ordered if figure.reads in reads]


@cache
def facts(name: str) -> Facts:
    """Return the facts of a figure, as they stand in its file.

    Raises:
        ValueError: The file lacks one, or it is no plain text or number.
    """
    path = FIGURES / f"{name}.py"
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            found |= _values(node.targets[0], node.value)
    wanted = [key for key in Facts.__dataclass_fields__ if key != "name"]
    if lacks := [key.upper() for key in wanted if key not in found]:
        raise ValueError(f"{path}: expected plain values of {', '.join(lacks)}")
    return Facts(name, **{key: found[key] for key in wanted})


def _values(target: ast.expr, value: ast.expr) -> dict[str, Any]:
    """The names that an assignment binds, in lower case, to their values, where they are plain."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = zip(target.elts, value.elts, strict=True)
        return {name: found for pair in pairs for name, found in _values(*pair).items()}
    if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
        return {target.id.lower(): value.value}
    return {}


def figure_code(reads: str) -> list[str]:
    """Return the dotted names of the figures that read `scores` or `losses`."""
    return [f"mia.report.figures.{figure.name}" for figure in known_figures([reads])]


def on_page() -> list[dict[str, str]]:
    """Return `kind`, `caption` and `column` of each figure of the page, in reading order."""
    return [
        {"kind": figure.name, "caption": figure.caption, "column": figure.column}
        for figure in known_figures()
    ]
