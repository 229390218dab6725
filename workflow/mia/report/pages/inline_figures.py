"""Figures inside the page: their own names, and colours that follow the page's light or dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mia import seal
from mia.report.figures.shared.colours import ROLES
from mia.report.figures.shared.shelf import on_page


def of_target(target: str, files: list[Path]) -> list[dict[str, Any]]:
    """Return the figures of a target, ready to stand in the page.

    Raises:
        ValueError: One is missing or is no SVG; the message names it.
        DamagedFile: One is not as it was written.
    """
    known, found = {path.name: path for path in files}, []
    for figure in on_page():
        kind = figure["kind"]
        name = f"{target}-{kind}.svg"
        if name not in known:
            raise ValueError(f"no figure {name} among {len(known)} figures; expected one")
        svg = read(known[name], f"{target}-{kind}-")
        left = figure["column"] == "left"
        caption = figure["caption"]
        found.append({"kind": kind, "svg": Markup(svg), "caption": caption, "left": left})
    return found


def read(path: Path, prefix: str) -> str:
    """Return the figure in a file, as `inline` does.

    Raises:
        ValueError: It is no SVG; the message names it.
        DamagedFile: It is not as it was written.
    """
    seal.check(path)
    try:
        svg = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise seal.DamagedFile(path, f"it is no text: {error}") from error
    try:
        return inline(svg, prefix)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def inline(svg: str, prefix: str) -> str:
    """Return the `<svg>` element of a figure file, ready to stand in a page.

    Names inside it get `prefix`, so that figures do not borrow from each other; every colour
    becomes a style variable `--figure-<role>` with the colour itself as fallback.

    Raises:
        ValueError: There is no `<svg>` element.

    >>> inline('<?xml version="1.0"?><svg xmlns="x"><g id="a" fill="#ffffff"/></svg>', "p-")
    '<svg><g id="p-a" fill="var(--figure-paper, #ffffff)"/></svg>'
    """
    start, end = svg.find("<svg"), svg.rfind("</svg>")
    if start < 0 or end < 0:
        raise ValueError("expected an <svg> element")
    svg = re.sub(r"<style.*?</style>", "", svg[start:end] + "</svg>", flags=re.S)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for role, colour in ROLES.items():
        svg = svg.replace(colour, f"var(--figure-{role}, {colour})")
    return svg
