"""Rule `gate`: end the run before anything is measured if a target's sets are not fair."""

from __future__ import annotations

import argparse
from pathlib import Path

from mia import command, storage
from mia.evaluation.flags import shift


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--audits", required=True, nargs="+", type=Path, help="of sets")
    parser.add_argument("--output", required=True, type=Path, help="JSON to write")
    command.run(parser, pass_or_stop, arguments=arguments)


def pass_or_stop(options: argparse.Namespace) -> None:
    """Write each target's verdict.

    Raises:
        ValueError: A target is NOT FAIR and the settings say to stop.
    """
    audits = {audit["target"]: audit for audit in map(storage.read_json, options.audits)}
    unfair = [audit for audit in audits.values() if shift(audit["verdict"])]
    if unfair and options.settings["stop_if"] == "not_fair":
        lines = [f"targets.{audit['target']}: {audit['sentence']}" for audit in unfair]
        names = ", ".join(audit["target"] for audit in unfair)
        why = f"stopped by audit.stop_if: the sets of {names} are NOT FAIR; nothing was measured"
        raise ValueError("\n".join([why, *lines]))
    verdicts = {target: audit["verdict"] for target, audit in audits.items()}
    storage.write_json(verdicts, options.output)


if __name__ == "__main__":
    main()
