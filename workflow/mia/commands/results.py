"""Say where the results of a config lie; with `--show`, print its table and where its page is.

Not a stage of the pipeline: the Makefile asks it, so that one program reads configs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mia import checksums
from mia.config import yaml_file
from mia.config.schema import ConfigError, complete
from mia.seal import DamagedFile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--show", action="store_true", help="the table and the path of the page")
    args = parser.parse_args()
    folder = Path(read_config(args.config)["results"])
    print(shown(folder) if args.show else folder)


def read_config(path: str) -> dict[str, Any]:
    """Return the config in a file, defaults filled in; end the program with what is wrong."""
    try:
        return complete(yaml_file.read(path))
    except ConfigError as error:
        raise SystemExit("\n".join(f"error: {line}" for line in str(error).splitlines())) from error


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
