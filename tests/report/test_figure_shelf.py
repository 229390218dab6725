"""Every figure keeps the contract; a new one is one file."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mia.report.figures.shared.contract import Plot
from mia.report.figures.shared.shelf import facts, known_figures, on_page

ROOT = Path(__file__).parents[2]
NAMES = [figure.name for figure in known_figures()]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_keeps_the_contract(name):
    """What is read from its source is what its module holds."""
    figure, module = facts(name), importlib.import_module(f"mia.report.figures.{name}")
    for key in ("label", "reads", "column", "rank", "caption", "note"):
        assert getattr(module, key.upper()) == getattr(figure, key)
    assert isinstance(module, Plot)
    assert figure.reads in ("scores", "losses") and figure.column in ("left", "right")
    assert figure.label[-1] != "." and figure.caption[-1] == figure.note[-1] == "."
    assert figure.name.isalpha(), "the end of a file's name, after a dash"


def test_no_two_figures_have_one_place():
    assert len({(figure.column, figure.rank) for figure in known_figures()}) == len(NAMES)
    assert [figure["kind"] for figure in on_page()] == NAMES


def test_facts_load_no_matplotlib():
    code = "import sys; from mia.report.figures.shared.shelf import on_page; on_page()"
    code += "; sys.exit('matplotlib' in sys.modules)"
    environment = {"PYTHONPATH": str(ROOT / "workflow")}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


NEW = '''"""How many images are drawn."""

from mia.report.figures.shared.style import message

LABEL = "Pictures drawn"
READS = "scores"
COLUMN, RANK = "left", 4
CAPTION = "A count."
NOTE = "How many images the other figures show."


def drawn(data):
    count = sum(map(len, next(iter(data.scores.sides.values()))))
    return message(f"{count} pictures"), f"Pictures of {data.target}", f"{count} images."
'''
TRY = """
import sys
from pathlib import Path
sys.path[:0] = ["tests/support", "tests/report"]
import made_up_results, test_figures
from mia.commands.docs import pages
from mia.report.pages import inline_figures

here = Path("made-up")
made_up_results.build(here)
for draw in (test_figures.draw, test_figures.draw_losses):
    run = draw(here, "web", here)
    assert run.returncode == 0, run.stderr
found = {one["kind"]: one for one in inline_figures.of_target("web", sorted(here.glob("*.svg")))}
assert "<title>Pictures of web</title>" in found["count"]["svg"]
assert found["count"]["caption"] == "A count." and found["count"]["left"]
assert list(found)[:4] == ["roc", "costs", "correlations", "count"]
assert "How many images the other figures show." in pages()["workflow/report/count.rst"]
"""


def test_a_new_figure_is_one_file(tmp_path):
    """It is drawn, stands on the page, and gets its note for Snakemake's report."""
    for name in ("workflow", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "workflow/mia/report/figures/count.py").write_text(NEW)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "workflow"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRY]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
