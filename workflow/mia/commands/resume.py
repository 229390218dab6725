"""Take Snakemake's lock from a run that was killed: first half of `make resume`.

Not a stage of the pipeline. It refuses while a run may still be at work in this folder, or from
elsewhere on the same results: two at once would write the same files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from mia.config.read import read_file_or_exit
from mia.runs import NOTES, RUNS, both, others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config/config.yaml")
    config = parser.parse_args().config
    results = read_file_or_exit(config).config["results"].rstrip("/")
    for folder in (NOTES, Path(results) / RUNS):
        refuse_to_disturb(folder, results)
    command = [sys.executable, "-m", "snakemake", "--unlock", "--cores", "1"]
    raise SystemExit(subprocess.call([*command, "--configfile", config]))


def refuse_to_disturb(folder: Path, results: str) -> None:
    """End the program if a note in `folder` is of a run that may still be at work."""
    alive, elsewhere = others(folder)
    if alive:
        numbers = ", ".join(note.name.rpartition("-")[2] for note in alive)
        raise SystemExit(
            f"error: Snakemake is at work in this folder (process {numbers}): wait for it, or stop "
            "it and try again"
        )
    if elsewhere:
        machine = elsewhere[0].name.rpartition("-")[0]
        files = " and ".join(map(str, both(elsewhere[0], results)))
        raise SystemExit(
            f"error: {files}: a run was started on {machine}, and whether it still lives can only "
            "be seen there: resume there, or delete what is named here if it surely has ended"
        )


if __name__ == "__main__":
    main()
