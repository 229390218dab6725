"""Write drawn figures to the files that are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from matplotlib.figure import Figure

from mia import seal, tables
from mia.figures.style import to_svg

# A remark behind the drawing.
CHECKSUM = f'<!-- {{"{seal.KEY}": "{seal.UNSEALED}"}} -->\n'


def write_figures(drawn: Mapping[str, tuple[Figure, str, str]], paths: Iterable[Path]) -> None:
    """Write each file `…-<figure>.svg` of `paths`.

    Args:
        drawn: Name of the figure to the figure, its title, and itself in words.
        paths: Where to; the end of a name says which figure.

    Raises:
        ValueError: A path asks for a figure that was not drawn.
    """
    for path in paths:
        kind = path.stem.rpartition("-")[2]
        if kind not in drawn:
            raise ValueError(f"{path}: no figure {kind!r}; known: {', '.join(drawn)}")
        with tables.replacing(path) as temporary:
            temporary.write_text(to_svg(*drawn[kind]) + CHECKSUM, encoding="utf-8")
            seal.seal(temporary)
