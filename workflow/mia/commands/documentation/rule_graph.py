"""docs/rulegraph.svg: the rules from plan to report, drawn by graphviz where it is installed."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PAGE = "docs/rulegraph.svg"
GOAL = "results/all-attacks/report.html"
CONFIGS = ("config/shadows.yaml", "config/all-attacks.yaml")  # merged: together they need each rule
SHAPE = ("-Grankdir=LR", "-Gnodesep=.12", "-Granksep=.25", "-Tsvg")
NODE = re.compile(r"<title>(\d+)</title>.*?<text [^>]*>([\w-]+)</text>", re.DOTALL)
ARROW = re.compile(r"<title>(\d+)->(\d+)</title>")


def can_draw() -> bool:
    """Whether graphviz is installed."""
    return all(map(shutil.which, ("tred", "dot")))


def picture(root: Path) -> str:
    """Return the image of the rules of the checkout at `root`.

    Raises:
        ValueError: Snakemake or graphviz fails; the message has what it said.
    """
    command = [sys.executable, "-m", "snakemake", GOAL, "--configfile", *CONFIGS, "--rulegraph"]
    graph = _output(command, "", root)
    # Arrows that follow from others are left out.
    return _output(["dot", *SHAPE], _output(["tred"], graph, root), root)


def _output(command: list[str], text: str, root: Path) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # else arrows come in any order
    try:
        return subprocess.check_output(
            command,
            input=text,
            cwd=root,
            env=environment,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    except subprocess.CalledProcessError as error:
        raise ValueError(f"{PAGE} cannot be drawn: {error}\n{error.stderr}") from error


def arrows(svg: str) -> set[tuple[str, ...]]:
    """Return the rules of a drawing and its arrows, from rule to rule: what it says.

    Two versions of graphviz place the same graph otherwise.

    >>> nodes = "<title>0</title><text x='1'>plan</text><title>1</title><text x='2'>rows</text>"
    >>> sorted(arrows(f"{nodes}<title>0&#45;&gt;1</title>"))
    [('plan',), ('plan', 'rows'), ('rows',)]
    """
    svg = html.unescape(svg)
    rules = dict(NODE.findall(svg))
    pairs = {(rules[start], rules[end]) for start, end in ARROW.findall(svg)}
    return {(rule,) for rule in rules.values()} | pairs
