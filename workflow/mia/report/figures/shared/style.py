"""One look for all figures, and one way to write them: small, accessible, reproducible SVG."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.figure import Figure

from mia.report.figures.shared.colours import INK, MUTED, PAPER, RULE

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

WIDTH = 4.8
"""Inches: at this width letters of 10 points stay readable on a phone."""

AUC_AXIS = (0.4, 0.6)
"""An axis of AUC holds at least this much, so that noise does not look like a finding."""

CURVE, SPARE = "curve-", "spare-"
"""What the names of a figure's curves start with: one that is seen, one that waits to be."""

LOOK: dict[RcKeyType, Any] = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": PAPER,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.solid_joinstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "fair-mia",
}


def styled(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Let `draw` run under `LOOK`, leaving matplotlib's settings as they were."""

    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Figure:
        with matplotlib.rc_context(LOOK):
            return draw(*args, **kwargs)

    return drawn


@styled
def message(text: str) -> Figure:
    """Return a small figure that says `text`: what stands where nothing can be drawn."""
    figure = Figure(figsize=(WIDTH, 1.1))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, wrap=True)
    return figure


def to_svg(figure: Figure, title: str, description: str) -> str:
    """Return `figure` as SVG text: equal figures give equal bytes, letters stay letters.

    Args:
        figure: What to draw.
        title: Short name, read out and shown on hovering.
        description: The figure in words, for those who do not see it.
    """
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    buffer = io.StringIO()
    with matplotlib.rc_context(LOOK):
        figure.savefig(buffer, format="svg", metadata=nothing)
    svg = re.sub(
        r"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*", "", buffer.getvalue(), flags=re.S
    )
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", svg)
    svg = re.sub(r"(?<=\bd=\")[^\"]+", _short, svg)
    svg = svg.replace(f'<g id="{SPARE}', f'<g display="none" id="{SPARE}')
    words = f"\n <title>{html.escape(title)}</title>\n <desc>{html.escape(description)}</desc>"
    return re.sub("<svg ([^>]*)>", lambda tag: f'<svg role="img" {tag[1]}>{words}', svg, count=1)


def _short(path: re.Match[str]) -> str:
    """Coordinates to a hundredth of a point, on one line."""
    rounded = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}", path[0])
    return " ".join(rounded.split())
