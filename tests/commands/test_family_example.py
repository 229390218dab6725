"""The family of examples/add_a_family.md, taken from the page into a copy of the tree."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "add_a_family.md").read_text(encoding="utf-8")
SUITE = "tests/models/test_families.py"
FILES = re.findall(r"Write `(\w+/[\w/]+\.py)`", PAGE)
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ALL_TESTS = "aura_flow or has_a_tiny_model or is_named_after"


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of what the suite needs, with the page's first file in it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("workflow", "tests/support"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "tests/conftest.py", SUITE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert not (ROOT / FILES[0]).exists(), "the page adds a family that is there already"
    (tmp_path / FILES[0]).write_text(BLOCKS[0], encoding="utf-8")
    return tmp_path


def run(tree, chosen):
    command = ["-m", "pytest", "-p", "no:cacheprovider", "-vv", "-k", chosen, SUITE]
    environment = {**os.environ, "PYTHONPATH": str(tree / "workflow"), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True
    )


def test_two_files_make_a_family_that_all_tests_find_and_pass(tree):
    assert len(FILES) == len(BLOCKS) == 2
    (tree / FILES[1]).write_text(BLOCKS[1], encoding="utf-8")
    done = run(tree, ALL_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in (
        "test_the_model_is_asked_as_its_own_pipeline_asks_it",
        "test_the_answer_is_read_as_the_scheduler_reads_it",
        "test_latents_become_images_as_the_pipeline_makes_them",
        "test_attacks_equal_their_loops",
    ):
        assert f"{name}[aura_flow-plain] PASSED" in done.stdout
    assert done.stdout.count("PASSED") == 6


def test_a_family_without_its_tiny_model_fails(tree):
    done = run(tree, "has_a_tiny_model")
    assert done.returncode == 1
    assert "aura_flow" in done.stdout and "A new family needs" in done.stdout
