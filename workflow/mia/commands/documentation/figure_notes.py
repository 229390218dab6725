"""What Snakemake's report says below each figure, as the files that its rules name."""

from __future__ import annotations

from textwrap import fill

from mia.report.figures.shared.shelf import known_figures

HEAD = ".. Generated from `workflow/mia/report/figures/{name}.py` by `make docs`.\n\n"
TARGET = "Target ``{{ snakemake.wildcards.target }}``, images that are reported on."
WIDTH = 120


def pages() -> dict[str, str]:
    """Return path to text of each figure's note."""
    return {
        f"workflow/report/{figure.name}.rst": HEAD.format(name=figure.name)
        + fill(f"{TARGET} {figure.note}", WIDTH, break_on_hyphens=False, break_long_words=False)
        + "\n"
        for figure in known_figures()
    }
