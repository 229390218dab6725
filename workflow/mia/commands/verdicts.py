"""Say of every target of a config whether its sets are fair: `make audit`.

It reads what the rule `audited` wrote.
"""

from __future__ import annotations

import argparse

from mia import storage
from mia.config.experiment import Experiment
from mia.config.read import read_file_or_exit
from mia.config.result_files import ResultFiles
from mia.result_paths import SETS_AUDIT
from mia.seal import DamagedFile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    args = parser.parse_args()
    print(*verdicts(read_file_or_exit(args.config)), sep="\n")


def verdicts(experiment: Experiment) -> list[str]:
    """Return a line for each target: its name and the sentence of its verdict.

    Raises:
        SystemExit: An audit is not there, or is not as it was written.
    """
    targets = experiment.config["targets"]
    try:
        audits = map(storage.read_json, ResultFiles(experiment).of_targets(SETS_AUDIT))
        return [f"{name}: {audit['sentence']}" for name, audit in zip(targets, audits, strict=True)]
    except FileNotFoundError as error:
        raise SystemExit(f"error: {error.filename}: not there; `make audit` writes it") from error
    except DamagedFile as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
