"""What a figure of a target is: what a file of `mia.report.figures` has to offer."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from matplotlib.figure import Figure

Drawn = tuple[Figure, str, str]
"""A figure, its title, and itself in words for those who do not see it."""


@runtime_checkable
class Plot(Protocol):
    """A file of `mia.report.figures`; its name is the end of the names of its files.

    Attributes:
        LABEL: What lists of figures call it.
        READS: `scores` or `losses`: the stage that draws it, so what `drawn` gets.
        COLUMN: `left` or `right`: where it stands on the page.
        RANK: Its place in that column, from 1.
        CAPTION: What stands below it on the page.
        NOTE: What stands below it in Snakemake's report, after its target, in reStructuredText.

    The attributes are plain texts and numbers: `mia.report.figures.shared.shelf` reads them without
    importing the file.
    """

    LABEL: str
    READS: str
    COLUMN: str
    RANK: int
    CAPTION: str
    NOTE: str

    def drawn(self, data: Any) -> Drawn:
        """Return the figure of a target.

        Args:
            data: A `ScoreData` or a `LossData`, as `READS` says.
        """
