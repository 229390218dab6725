"""The Makefile: every variable is one word, what fails fails, `clean` keeps results."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from make_command import VENV, laid_out, make
from micro_experiment import PROJECT

TEXT = (PROJECT / "Makefile").read_text(encoding="utf-8")
RECIPES = [line[1:] for line in TEXT.replace("\\\n", " ").splitlines() if line.startswith("\t")]
TARGETS = re.findall(r"(?m)^([a-z-]+):(?!=)", TEXT)
SETTABLE = re.findall(r"(?m)^(\w+) \?=", TEXT)
ODD = 'it\'s a "b" $c;d*e&f#g\\h.yaml'


@pytest.fixture
def tree(tmp_path):
    """A checkout with an environment whose name is odd too."""
    return laid_out(tmp_path / "check out")


# Words


def test_recipes_hold_quoted_variables_only():
    """Lower-case names are made by `quoted`, or put together from such."""
    quoted = set(re.findall(r"(?m)^(\w+) := \$\(call quoted,", TEXT))
    together = {name: set(re.findall(r"\$\((\w+)\)", value)) for name, value in COMBINED}
    assert together and all(parts <= quoted | together.keys() for parts in together.values())
    for line in RECIPES:
        line = line.replace("$(call quoted,$(PYTHON))", "")
        assert set(re.findall(r"\$[({](\w+)", line)) <= {*quoted, *together, "OPTIONS", "MAKE"}
        for name in re.findall(r"\$\$(\w+)", line):
            assert re.search(rf'"\$\${name}[^"]*"', line), line


COMBINED = re.findall(r"(?m)^(snakemake|quietly|command|page|card|pytest) := (.*)$", TEXT)


def test_a_recipe_line_is_one_command_that_can_fail():
    """Make stops at the first line that fails; within a line only `&&` does."""
    guards = [line for line in RECIPES if line.startswith("@echo") or "if [" in line]
    assert len(guards) == 2 and all("exit 1" in line for line in guards)
    for line in RECIPES:
        if line not in guards:
            bare = re.sub(r"'[^']*'", "", line)
            assert not re.search(r"(?<!\{\});|\|", bare) and not line.startswith(("-", "@-")), line


DOLLAR = {"PYTHON", "CORES", "WORKERS"}  # here make wants a dollar doubled


@pytest.mark.parametrize("name", sorted({*SETTABLE} - {"OPTIONS"}))
def test_a_variable_is_one_word_in_every_command(name, tree):
    """All targets, printed and not run. VENV is a target of make's, which has no `;` in its."""
    value = {"VENV": "it's a b.yaml"}.get(name, ODD.replace("$", "" if name in DOLLAR else "$"))
    variables = {"CONFIG": "named.yaml", name: value}
    printed = make(tree, "--dry-run", "--always-make", *TARGETS, **variables)
    assert printed.returncode == 0, printed.stderr
    found = 0
    for line in printed.stdout.replace("\\\n", " ").splitlines():
        if line.startswith(("make", "'python3' -c", "if [")):
            continue
        inner = re.search(r'^results="\$\((.*?)\)" (.*)$', line)
        for command in inner.groups() if inner else [line]:
            for word in shlex.split(command):
                found += value in word
                assert value in word or not {"a", "b.yaml", "$c"} & set(word.split())
                assert value in word or "it" not in re.split(r"\W", word)
    assert found


# Results


def test_the_readmes_own_config_gives_its_folder_and_clean_removes_no_word_of_its_remark(tree):
    block = re.search(r"```yaml\n(results: .*?)```", (PROJECT / "README.md").read_text(), re.S)[1]
    (tree / "mine.yaml").write_text(block)
    first = block.splitlines()[0]
    assert "#" in first
    words = {*first.split()[1:], "its", "remembers"}
    for word in words:
        (tree / word).mkdir(parents=True, exist_ok=True)
        (tree / word / "precious").touch()
    assert told(tree, "mine.yaml") == "results/mine"
    done = make(tree, "clean", CONFIG="mine.yaml", VENV=VENV)
    assert done.returncode == 0, done.stderr
    assert all((tree / word / "precious").exists() for word in words)
    assert not (tree / VENV).exists()


def told(folder: Path, config: str) -> str:
    stage = [str(Path(sys.prefix) / "bin/python"), "-m", "mia.commands.results", "--config", config]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "workflow")}
    said = subprocess.run(
        stage, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return said.stdout.removesuffix("\n")


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("results: a/b   # here, and nowhere else", "a/b"),
        ("results: 'a # b'", "a # b"),
        ('"results": "it\'s a \\"b\\" c"', 'it\'s a "b" c'),
        ("results:\n  folded/\n  # remark\n", "folded"),
        ("results: >-\n  two\n  words", "two words"),
        ("results: é猫 $5 (1) [x]*?", "é猫 $5 (1) [x]*?"),
    ],
)
def test_the_folder_is_read_as_yaml_reads_it(line, folder, tree):
    config = yaml.safe_load((PROJECT / "config/tiny.yaml").read_text())
    del config["results"]
    (tree / ODD).write_text(f"{line}\n{yaml.safe_dump(config)}", encoding="utf-8")
    assert told(tree, ODD) == folder


def test_a_finished_run_is_shown_and_a_run_that_fails_shows_nothing(bench):
    """Real Snakemake, with odd names for config, environment and page."""
    tree = laid_out(bench.folder)
    shutil.copy(bench.folder / "config/config.yaml", bench.folder / "config.yaml")
    (tree / ODD).mkdir()
    shutil.copy(tree / "config.yaml", tree / ODD / "config.yaml")
    where = {"VENV": VENV, "CONFIG": f"{ODD}/config.yaml", "CORES": "2"}
    done = make(tree, "run", **where)
    assert done.returncode == 0, done.stdout + done.stderr
    table = "Table:  results/tables/summary.md"
    assert done.stdout.endswith(f"\n{table}\nReport: results/report.html\n")
    assert re.search(r"^  answer   \w", done.stdout, re.M)
    (tree / "results/report.html").unlink()
    shown = subprocess.run(
        [
            tree / VENV / "bin/python",
            "-m",
            "mia.commands.results",
            "--config",
            "config.yaml",
            "--show",
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": "workflow"},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 1 and shown.stdout == ""
    assert shown.stderr == "error: results/report.html: not there; `make run` writes it\n"
    (tree / ODD / "config.yaml").write_text("results: results\n")
    failed = make(tree, "run", **where)
    assert failed.returncode != 0 and table not in failed.stdout
    for target in ("report", "readme", "cost", "why", "resume"):
        assert make(tree, target, **where).returncode != 0, target


# Clean


def test_clean_removes_environment_and_caches_and_keeps_all_else(tree):
    caches = [".pytest_cache", ".ruff_cache", ".mypy_cache", "build/lib", "fair_mia.egg-info"]
    kept = ["results/tiny/ledger", "build/mine", ".snakemake/metadata", "data"]
    (tree / "workflow").unlink()
    for folder in [*caches, *kept, "workflow/mia/__pycache__"]:
        (tree / folder).mkdir(parents=True)
        (tree / folder / "file").touch()
    done = make(tree, "clean", VENV=VENV)
    assert done.returncode == 0, done.stderr
    assert all((tree / folder / "file").exists() for folder in kept)
    gone = [*caches, "workflow/mia/__pycache__", VENV]
    assert [folder for folder in gone if (tree / folder).exists()] == []
    assert Path(sys.prefix, "bin").exists()


@pytest.mark.parametrize("venv", [".", "data", "..", "my data's"])
def test_clean_refuses_what_is_no_environment(venv, tree):
    (tree / "data").mkdir()
    (tree / "my data's").mkdir()
    done = make(tree, "clean", VENV=venv)
    assert done.returncode != 0
    assert f"error: VENV={venv} is no virtual environment; nothing was deleted" in done.stderr
    assert (tree / "data").exists() and (tree / "my data's").exists() and (tree / VENV).exists()


@pytest.mark.parametrize("where", ["nowhere", "environment"])
def test_clean_results_wants_a_config_that_is_named(where, tree, monkeypatch):
    (tree / "results/default").mkdir(parents=True)
    if where == "environment":
        monkeypatch.setenv("CONFIG", "config/config.yaml")
    done = make(tree, "clean-results", VENV=VENV)
    assert done.returncode != 0
    assert "error: say whose results: make clean-results CONFIG=" in done.stderr
    assert (tree / "results/default").exists()


def test_make_alone_says_what_make_can_do_and_does_nothing(tmp_path):
    shutil.copy2(PROJECT / "Makefile", tmp_path)
    told = make(tmp_path).stdout
    assert re.findall(r"(?m)^make ([a-z-]+) +\S", told) == TARGETS
    assert [path.name for path in tmp_path.iterdir()] == ["Makefile"]
