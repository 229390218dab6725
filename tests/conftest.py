"""Shared by the tests: which are slow, and a tiny Stable Diffusion saved to disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Before NumPy is imported: on cores that others use too, threads of tiny sums wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHROMIUM, LONGEST = "chromium", "test_slurm.py"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes too")


def pytest_collection_modifyitems(config, items):
    slow = pytest.mark.skip(reason="takes minutes: make test-slow runs it")
    browser = pytest.mark.skip(reason="needs a browser: make test-slow runs it")
    # Those that run pipelines take longest, and two files of tests may run at once: they go first.
    items.sort(
        key=lambda item: (
            item.path.name != LONGEST,
            "finished_run" not in getattr(item, "fixturenames", ()),
        )
    )
    for item in items:
        if not config.getoption("--slow"):
            if "slow" in item.keywords:
                item.add_marker(slow)
            if "browser" in item.keywords:
                item.add_marker(browser)
        elif "browser" in item.keywords and not shutil.which(CHROMIUM):
            item.add_marker(pytest.mark.skip(reason=f"{CHROMIUM} is not installed"))


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
