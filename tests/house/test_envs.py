"""The conda files: pinned like constraints.txt, named by every rule, covering what it imports."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from mia.config.attacks import known_attacks
from mia.fingerprint import PACKAGE, closure
from mia.images.sources.shared.shelf import known_sources, source
from mia.report.figures.shared.shelf import figure_code
from rule_texts import ROOT, RULES

ENVS = sorted((ROOT / "envs").glob("*.yaml"))
SIGNALS = sorted(path.stem for path in (PACKAGE / "signals").glob("[!_]*.py"))
DENOISERS = sorted(path.stem for path in (PACKAGE / "denoisers").glob("[!_]*.py"))

MATCHING = sorted(path.stem for path in (PACKAGE / "targets/matching").glob("[!_]*.py"))

# What a stage looks up by name at run time, besides what it imports.
BY_NAME = {
    "plan": [f"mia.images.sources.{name}" for name in (*known_sources(), "generated")],
    "download": [source(name).fetched_by for name in known_sources()],
    "figures": figure_code("scores"),
    "loss_figures": figure_code("losses"),
    "score": [f"mia.attacks.{name}" for name in known_attacks()],
    "audit": [f"mia.attacks.{name}" for name in known_attacks()],
    "membership": [f"mia.targets.matching.{name}" for name in MATCHING],
    "tables": [f"mia.signals.{name}" for name in SIGNALS],
    "score_generated": [f"mia.attacks.{name}" for name in known_attacks()],
    "generate": [f"mia.denoisers.{name}" for name in DENOISERS],
    "encode": [f"mia.denoisers.{name}" for name in DENOISERS],
    "measure": [
        *(f"mia.signals.{name}" for name in SIGNALS),
        *(f"mia.denoisers.{name}" for name in DENOISERS),
    ],
}
# `tables` asks signals what a query costs; only `measure` calls the functions that import torch.
NEVER_CALLED = {"tables": {"torch", "diffusers", "transformers"}}


def pins(lines) -> dict[str, str]:
    """Package to version of lines such as `numpy==2.4.6`, names in lower case, `-` for `_`."""
    found = {}
    for line in lines:
        name, _, version = line.split(";")[0].strip().partition("==")
        assert version, f"{line!r}: expected package==version"
        found[normal(name)] = version
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def of_env(path: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    return pins(next(entry["pip"] for entry in dependencies if isinstance(entry, dict)))


CONSTRAINTS = pins(
    line
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if line.strip() and not line.startswith("#")
)


PACKAGES = packages_distributions()


def third_party(module: str) -> set[str]:
    """Top-level names of other packages that `module` imports, wherever in it, but for types."""
    path = PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")
    tree, for_types, names = ast.parse(path.read_text()), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for_types |= set(map(id, ast.walk(node)))
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"mia"}


def test_there_are_rules_and_envs():
    assert len(RULES) > 10 and len(ENVS) >= 3


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.name)
def test_pins_equal_the_constraints(path):
    wrong = {name: v for name, v in of_env(path).items() if CONSTRAINTS.get(name) != v}
    assert wrong == {}, "other than in constraints.txt"


def test_every_dependency_is_pinned():
    text = (ROOT / "pyproject.toml").read_text()
    named = re.search(r"(?ms)^dependencies = \[(.*?)^\]", text)[1]
    names = {normal(name) for name in re.findall(r'(?m)^  "([\w-]+)', named)}
    # Pinned where it is installed: the backport of a module that Python 3.13 dropped.
    assert names - set(CONSTRAINTS) <= {"standard-imghdr"}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_with_a_shell_names_an_existing_env(rule):
    assert "shell:" in RULES[rule], f"{rule}: rules call `python -m mia.stages.x`"
    named = re.findall(r'conda:\s+"\.\./\.\./(envs/\w+\.yaml)"', RULES[rule])
    assert len(named) == 1, f"{rule}: expected one conda file"
    assert (ROOT / named[0]).is_file()


@pytest.mark.parametrize("rule", RULES)
def test_the_env_covers_what_the_rule_imports(rule):
    env = re.search(r"envs/\w+\.yaml", RULES[rule])[0]
    stages = set(re.findall(r"mia\.stages\.(\w+)", RULES[rule]))
    modules = [f"mia.stages.{stage}" for stage in stages]
    modules += [name for stage in stages for name in BY_NAME.get(stage, [])]
    needed = set().union(*map(third_party, closure(modules)))
    needed -= set().union(*(NEVER_CALLED.get(stage, set()) for stage in stages))
    pinned = set(of_env(ROOT / env))
    missing = {
        name for name in needed if not {normal(p) for p in PACKAGES.get(name, [name])} & pinned
    }
    assert missing == set(), f"{env} lacks what rule {rule} imports"
