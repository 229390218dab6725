"""A finished run that lies elsewhere is finished there too: moved, copied, or in another clone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from micro_experiment import PIPELINE
from workbench import Workbench


def moved(old: Path, new: Path) -> None:
    """As `mv` does."""
    new.parent.mkdir(parents=True)
    old.rename(new)


def copied(old: Path, new: Path) -> None:
    """As `cp -r` does: every file gets a new date and a new inode."""
    new.parent.mkdir(parents=True)
    subprocess.run(["cp", "-r", old, new], check=True)


def archived(old: Path, new: Path) -> None:
    """As `rsync -a` and `tar` do: old dates, new inodes."""
    new.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", old, new], check=True)


def cloned(old: Path, new: Path) -> None:
    """The pipeline checked out anew, later than all results, which are copied with their dates."""
    archived(old, new)
    for name in PIPELINE:
        old_part, new_part = old / name, new / name
        if old_part.is_dir():
            shutil.rmtree(new_part)
            shutil.copytree(old_part, new_part, copy_function=shutil.copyfile)
        else:
            new_part.unlink()
            shutil.copyfile(old_part, new_part)


PLACES = {moved: "other place", copied: "a/deeper/one", archived: "archive", cloned: "clone"}


@pytest.mark.parametrize("way", PLACES, ids=lambda way: way.__name__)
def test_nothing_runs_again(bench, tmp_path, way):
    new = tmp_path / PLACES[way] / "renamed"
    way(bench.folder, new)
    assert "Nothing to be done" in Workbench(new).run("--dry-run").done().text


def test_the_built_in_set_is_not_planned_again(bench, tmp_path):
    """Its captions are a file of the checkout."""
    spec = {"source": "builtin", "builtin": "openmoji"}
    bench.configure(lambda config: config["image_sets"].update(emoji=spec))
    target = "results/images/emoji/plan/000.parquet"
    assert bench.run(target).done().jobs == ["plan_emoji"]
    cloned(bench.folder, tmp_path / "elsewhere/clone")
    new = Workbench(tmp_path / "elsewhere/clone")
    assert "Nothing to be done" in new.run("--dry-run", target).done().text
    new.edit(
        "workflow/mia/images/sources/shared/openmoji_names.csv", "berber flag\n", "a berber flag\n"
    )
    assert "rule plan_emoji:" in new.run("--dry-run", target).done().text


@pytest.mark.parametrize("path", ["docs/flags.md", "workflow/report/page.css"])
def test_texts_of_the_report_are_compared_by_content(bench, path):
    file = bench.folder / path
    file.write_text(file.read_text() + "\n/* more */\n")
    text = bench.run("--dry-run").done().text
    assert "rule report:" in text and f"'{path}': " in text and "rule tables:" not in text
