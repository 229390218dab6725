"""Shared by the tests: which are slow, and a tiny Stable Diffusion saved to disk."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from functools import cache
from inspect import isfunction
from itertools import chain
from pathlib import Path
from types import CodeType

import pytest

# Before NumPy is imported: on cores that others use too, threads of tiny sums wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHROMIUM, LONGEST = "chromium", "test_slurm.py"
TESTS = Path(__file__).parent
SLOW = {
    "slow": "takes minutes",
    "browser": "needs a browser",
    "results": "needs the results of `make run`",
}
PIPELINES = {"Workbench", "Finished"}  # what runs Snakemake for a test


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if runs_a_pipeline(item):
            item.add_marker(pytest.mark.pipeline)
    # Files of quick tests first: what most edits break is told within a minute or two. Then those
    # with most pipelines, so that no long file begins last while the other process has none left.
    pipelines = Counter(item.path for item in items if item.get_closest_marker("pipeline"))

    def order(item) -> tuple:
        count = pipelines[item.path]
        return item.path.name != LONGEST, count > 0, -count

    items.sort(key=order)
    for item in items:
        if not config.getoption("--slow"):
            for mark, why in SLOW.items():
                if mark in item.keywords:
                    item.add_marker(pytest.mark.skip(reason=f"{why}: make test-slow runs it"))
        elif "browser" in item.keywords and not shutil.which(CHROMIUM):
            item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


def runs_a_pipeline(item) -> bool:
    """Whether a test or one of its fixtures builds a workbench, itself or by what it calls."""
    fixtures = getattr(item, "_fixtureinfo", None)
    known = chain.from_iterable(fixtures.name2fixturedefs.values() if fixtures else [])
    todo = [getattr(item, "function", None), *(fixture.func for fixture in known)]
    seen = set()
    while todo:
        function = todo.pop()
        if not isfunction(function) or function in seen:
            continue
        seen.add(function)
        if Path(function.__code__.co_filename).parent == TESTS:
            names = names_in(function.__code__)
            if names & PIPELINES:
                return True
            todo += [function.__globals__.get(name) for name in names]
    return False


@cache
def names_in(code: CodeType) -> frozenset[str]:
    """Names that a function uses, in what is defined within it too."""
    inner = [names_in(const) for const in code.co_consts if isinstance(const, CodeType)]
    return frozenset(code.co_names).union(*inner)


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory) -> Path:
    """A folder in Stable Diffusion's diffusers format: real classes, random weights, 16 pixels."""
    from tiny_model import save_tiny_sd

    return save_tiny_sd(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def finished_run(tiny_sd, tmp_path_factory):
    """One finished run of the micro experiment, never changed: `bench` is a copy of it."""
    from workbench import Finished

    return Finished.make(tmp_path_factory.mktemp("micro"), tiny_sd)


@pytest.fixture
def bench(finished_run):
    """A fresh copy of the finished run, always in the same place."""
    return finished_run.copy()
