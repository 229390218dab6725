"""Say where the results of a config lie; with `--show`, print its answers and where its page is.

Not a stage of the pipeline: the Makefile asks it, so that one program reads configs.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from mia import checksums
from mia.claimed import as_claimed
from mia.config.read import read_file_or_exit
from mia.seal import DamagedFile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--show", action="store_true", help="answers and the path of the page")
    args = parser.parse_args()
    config = read_file_or_exit(args.config).config
    folder = Path(config["results"])
    print(shown(folder, config["evaluation"]["confidence"]) if args.show else folder)


def shown(folder: Path, confidence: float, width: int | None = None) -> str:
    """Return the answers of a run in a few lines a target, and the path of its page.

    Args:
        folder: Of the results.
        confidence: Of its intervals.
        width: Columns of the terminal; by default what it says, or 80.

    Raises:
        SystemExit: One of the files is not there, or is not as it was written.
    """
    import pandas as pd  # here: `make` asks for the folder alone before every run

    from mia import storage
    from mia.commands import terminal
    from mia.commands.change_lines import change_lines

    table, page = folder / "tables" / "answers.csv", folder / "report.html"
    for path in (table, page):
        if not path.is_file():
            raise SystemExit(f"error: {path}: not there; `make run` writes it")
    width = width or shutil.get_terminal_size().columns
    try:
        answers = pd.read_csv(io.StringIO(checksums.read(table)), dtype=str, keep_default_na=False)
        audits = [
            storage.read_json(folder / "audit" / f"{name}.json") for name in answers["target"]
        ]
        changed = change_lines(
            folder / "tables" / "compare.csv", confidence, max(width, terminal.LEAST)
        )
    except DamagedFile as error:
        raise SystemExit(f"error: {error}") from error
    claimed = set(answers.loc[answers["members_are"] == "claimed", "target"])
    sentences = {
        audit["target"]: as_claimed(audit["sentence"])
        if audit["target"] in claimed
        else audit["sentence"]
        for audit in audits
    }
    lines = terminal.summary(answers, sentences, width)
    lines += changed
    lines += ["", f"Table:  {folder / 'tables' / 'summary.md'}", f"Report: {page}"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
