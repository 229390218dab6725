"""How a program of this package is called, and how it fails."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from mia.seal import UnreadableFile

# What we raise of wrong input, and what the system and the libraries raise of files and devices.
OURS = (ValueError, OSError, RuntimeError)


def stage(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of a stage: every stage is told of the config in `--settings`."""
    parser = argparse.ArgumentParser(description=description)
    about = "JSON, what mia.config.stage_settings tells this stage"
    parser.add_argument("--settings", required=True, type=json.loads, help=about)
    return parser


def run(
    parser: argparse.ArgumentParser,
    work: Callable[[argparse.Namespace], None],
    about: str = "",
    arguments: Sequence[str] | None = None,
) -> None:
    """Do `work` with the options; an error of `OURS` ends the program in one line, any other in a
    traceback.

    Args:
        parser: Knows the options.
        work: What the program does.
        about: What errors begin with; options in braces, such as `targets.{name}: `.
        arguments: The command line; by default that of this process.
    """
    options = parser.parse_args(arguments)
    try:
        work(options)
    except OURS as error:
        raise SystemExit(f"error: {about.format(**vars(options))}{error}") from error


def in_one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say which file is damaged and the way out, without a traceback; an excepthook."""
    if issubclass(kind, UnreadableFile):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
