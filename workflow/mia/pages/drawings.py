"""Figures inside the page: their own names, and colours that follow the page's light or dark."""

from __future__ import annotations

import re

from mia.figures.style import ROLES


def inline(svg: str, prefix: str) -> str:
    """Return the `<svg>` element of a figure file, ready to stand in a page.

    Names inside it get `prefix`, so that figures do not borrow from each other; every colour
    becomes a style variable `--figure-<role>` with the colour itself as fallback.

    Raises:
        ValueError: There is no `<svg>` element.

    >>> inline('<?xml version="1.0"?><svg xmlns="x"><g id="a" fill="#ffffff"/></svg>', "p-")
    '<svg><g id="p-a" fill="var(--figure-paper, #ffffff)"/></svg>'
    """
    start = svg.find("<svg")
    if start < 0:
        raise ValueError("expected an <svg> element")
    svg = re.sub(r"<style.*?</style>", "", svg[start:], flags=re.S)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = re.sub(r' (width|height)="[^"]*pt"', "", svg, count=2)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for role, colour in ROLES.items():
        svg = svg.replace(colour, f"var(--figure-{role}, {colour})")
    return svg.strip()
