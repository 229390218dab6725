"""How a stage ends: in one line where the error says enough, else with its traceback."""

import argparse
import io
from pathlib import Path

import numpy as np
import pytest

from mia import command
from mia.config.errors import ConfigError, require_known


def run(work) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name")
    command.run(parser, work, "targets.{name}: ", ["--name", "fair"])


def unknown(options):
    require_known("loos", ["loss"], "attacks", "attack")


def absent(options):
    Path("no such file").read_text()


def of_other_shape(options):
    np.zeros(2) + np.zeros(3)


def unfinished(options):
    raise NotImplementedError


def test_what_our_code_or_the_system_says_is_one_line_with_the_key():
    with pytest.raises(SystemExit, match=r"^error: targets\.fair: attacks: .*'loss'") as ended:
        run(unknown)
    assert isinstance(ended.value.__cause__, ConfigError)
    with pytest.raises(SystemExit, match=r"^error: targets\.fair: .*No such file"):
        run(absent)


def test_words_of_a_long_command_line_come_by_standard_input(monkeypatch):
    words = "--names\0two\nlines\0\udce9\0".encode(errors="surrogateescape")
    monkeypatch.setattr("sys.argv", ["stage", "-"])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(words)))
    parser, seen = argparse.ArgumentParser(), []
    parser.add_argument("--names", nargs="*")
    command.run(parser, lambda options: seen.extend(options.names))
    assert seen == ["two\nlines", "\udce9"]


@pytest.mark.parametrize("mistake", [of_other_shape, unfinished, lambda options: {}["key"]])
def test_a_mistake_of_ours_keeps_its_traceback(mistake):
    with pytest.raises((ValueError, RuntimeError, KeyError)):
        run(mistake)
