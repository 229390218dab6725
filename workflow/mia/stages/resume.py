"""Take Snakemake's lock from a run that was killed: first half of `make resume`.

Not a stage of the pipeline. It refuses while a run may still be at work in the working directory:
two at once would write the same files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from mia.runs import NOTES, others


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("snakemake", nargs="*", help="arguments of the run that was killed")
    arguments = parser.parse_args().snakemake
    alive, elsewhere = others(NOTES)
    if alive:
        numbers = ", ".join(note.name.rpartition("-")[2] for note in alive)
        raise SystemExit(
            f"error: Snakemake is at work in this folder (process {numbers}): wait for it, or stop "
            "it and try again"
        )
    if elsewhere:
        machine = elsewhere[0].name.rpartition("-")[0]
        raise SystemExit(
            f"error: {elsewhere[0]}: a run was started on {machine}, and whether it still lives "
            "can only be seen there: resume there, or delete this file if it surely has ended"
        )
    command = [sys.executable, "-m", "snakemake", "--unlock", "--cores", "1", *arguments]
    raise SystemExit(subprocess.call(command))


if __name__ == "__main__":
    main()
