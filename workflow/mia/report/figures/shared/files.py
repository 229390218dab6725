"""Figures to the files that are asked for, with the options of all stages that draw."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mia import command, seal, storage
from mia.claimed import markup_as_claimed
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.shelf import known_figures
from mia.report.figures.shared.style import to_svg

# A remark behind the drawing.
CHECKSUM = f'<!-- {{"{seal.KEY}": "{seal.UNSEALED}"}} -->\n'
Drawings = Mapping[str, Drawn]


def run(
    parser: argparse.ArgumentParser, drawings: Callable[[argparse.Namespace], Drawings]
) -> None:
    """Add the options that every stage of figures has, and write what `drawings` makes of them."""
    parser.add_argument("--target", required=True)
    parser.add_argument("--membership", type=Path, required=True)
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="…-<figure>.svg")

    def write(options: argparse.Namespace) -> None:
        claimed = options.settings.get("claimed", False)
        write_figures(drawings(options), options.output, claimed)

    command.run(parser, write)


def drawn(reads: str, data: Any) -> Drawings:
    """Return the figures that read `scores` or `losses`, by name; `data` is what they read."""
    return {
        figure.name: importlib.import_module(f"mia.report.figures.{figure.name}").drawn(data)
        for figure in known_figures([reads])
    }


def write_figures(drawn: Drawings, paths: Iterable[Path], claimed: bool = False) -> None:
    """Write each file `…-<figure>.svg` of `paths`.

    Args:
        drawn: Figures by name.
        paths: Where to; the end of a name says which figure.
        claimed: Whether members are only claimed, and so called claimed images.

    Raises:
        ValueError: A path asks for a figure that was not drawn.
    """
    for path in paths:
        kind = path.stem.rpartition("-")[2]
        if kind not in drawn:
            raise ValueError(f"{path}: no figure {kind!r}; known: {', '.join(drawn)}")
        with storage.replacing(path) as temporary:
            svg = to_svg(*drawn[kind])
            svg = markup_as_claimed(svg) if claimed else svg
            temporary.write_text(svg + CHECKSUM, encoding="utf-8")
            seal.seal(temporary)
