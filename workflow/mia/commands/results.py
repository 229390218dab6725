"""Say where the results of a config lie; with `--show`, print its table and where its page is.

Not a stage of the pipeline: the Makefile asks it, so that one program reads configs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mia import checksums
from mia.config.read import read_file_or_exit
from mia.seal import DamagedFile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--show", action="store_true", help="the table and the path of the page")
    args = parser.parse_args()
    folder = Path(read_file_or_exit(args.config).config["results"])
    print(shown(folder) if args.show else folder)


def shown(folder: Path) -> str:
    """Return the table of a run in Markdown, and the path of its page.

    Raises:
        SystemExit: One of the two is not there, or the table is not as it was written.
    """
    table, page = folder / "tables" / "summary.md", folder / "report.html"
    for path in (table, page):
        if not path.is_file():
            raise SystemExit(f"error: {path}: not there; `make run` writes it")
    try:
        return f"\n{checksums.read(table)}\nReport: {page}"
    except DamagedFile as error:
        raise SystemExit(f"error: {error}") from error


if __name__ == "__main__":
    main()
