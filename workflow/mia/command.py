"""How a program of this package is called, and how it fails."""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from mia.seal import UnreadableFile

PACKAGE = str(Path(__file__).parent)


def stage(description: str | None) -> argparse.ArgumentParser:
    """Return a parser for a stage; `--settings` tells every stage what it needs of the config."""
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
    """Run `work` with the parsed options, and end the program if it fails.

    An error that `says_enough` is shown in one line, any other with its traceback. A command line
    that is `-` alone comes by standard input, a NUL after each word: a list of files may be longer
    than a system lets a command be.

    Args:
        parser: Knows the options.
        work: What the program does.
        about: Start of each error message; braces stand for options, as in `targets.{name}: `.
        arguments: The command line; by default that of this process.
    """
    words = sys.argv[1:] if arguments is None else [*arguments]
    options = parser.parse_args(_piped() if words == ["-"] else words)
    try:
        work(options)
    except (ValueError, OSError, RuntimeError) as error:
        if not says_enough(error):
            raise
        raise SystemExit(f"error: {about.format(**vars(options))}{error}") from error


def _piped() -> list[str]:
    return [os.fsdecode(word) for word in sys.stdin.buffer.read().split(b"\0")[:-1]]


def says_enough(error: Exception) -> bool:
    """Return whether an error is told in one line: whoever raised it says what is wrong.

    So does the system of files, torch of its memory, and our code of what it was given. What a
    library says of a wrong call from here, without a place, is a mistake of ours.
    """
    if isinstance(error, OSError) or type(error).__module__ == "torch":
        return True
    if isinstance(error, NotImplementedError | RecursionError):
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_filename.startswith(PACKAGE)


def in_one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print which file is damaged and what to do, without a traceback; this is an excepthook."""
    if issubclass(kind, UnreadableFile):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
