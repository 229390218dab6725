"""A page of made-up results."""

import subprocess
import sys
from pathlib import Path

from matplotlib.figure import Figure

from made_up_results import TARGETS, build
from mia import storage
from mia.report.figures import roc
from mia.report.figures.shared.shelf import known_figures
from mia.report.figures.shared.style import message, to_svg
from mia.stages.figures import read_scores

TEMPLATE = Path(__file__).parents[2] / "workflow/report/page.html.j2"


DOCS = Path(__file__).parents[2] / "docs"


REAL = ("emoji-fair", "roc")


def write_page(folder: Path) -> Path:
    """Build made-up results in `folder` and its page; returns the page's path."""
    inputs = build(folder)
    (folder / "figures").mkdir()
    for target in TARGETS:
        for kind in (figure.name for figure in known_figures()):
            figure = message(f"{kind} of {target}")
            if (target, kind) == REAL:
                figure = roc_of(folder, target)
            svg = to_svg(figure, f"{kind} of {target}", "a stand-in")
            (folder / f"figures/{target}-{kind}.svg").write_text(svg)
    inputs |= {"figures": sorted(map(str, folder.glob("figures/*.svg")))}
    inputs |= {"texts": [str(DOCS / "flags.md"), str(DOCS / "ethics.md")]}
    inputs |= {"template": [str(TEMPLATE)], "output": [str(folder / "report.html")]}
    line = [word for name, words in inputs.items() for word in (f"--{name}", *words)]
    run = subprocess.run(
        [sys.executable, "-m", "mia.stages.report", *line],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(TEMPLATE.parents[1]), "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    return folder / "report.html"


def roc_of(folder: Path, target: str) -> Figure:
    """The one real figure: the page has a script for it."""
    membership = storage.read(folder / f"targets/{target}/membership.parquet")
    scores = read_scores(sorted(folder.glob(f"scores/{target}/*.parquet")), membership)
    return roc.draw(scores.sides, scores.access, scores.shown, (350, 350), 0.95)
