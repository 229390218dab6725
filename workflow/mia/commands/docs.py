"""Write the generated pages: config keys, attacks, models, results in README.md and docs.

Not a stage of the pipeline: `make docs` and `make readme` run it. With `--check` it writes nothing
and names each page that differs from what it would write.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import os
import sys
from collections.abc import Hashable
from pathlib import Path

from mia import checksums, storage
from mia.commands.documentation import (
    attack_cards,
    config_keys,
    family_matrix,
    figure_notes,
    result_block,
    rule_graph,
)
from mia.config.attacks import known_attacks
from mia.config.schema import config_schema
from mia.models.families import families, module_of
from mia.query import Query

ROOT = Path(__file__).parents[3]
TINY = ROOT / "tests" / "support" / "tiny_families"
PAGES = ("README.md", "docs/default-experiment.md")


def pages() -> dict[str, str]:
    """Return the pages that code alone decides, path to text.

    Raises:
        ValueError: A family of models has no tiny model.
    """
    modules = {name: importlib.import_module(f"mia.attacks.{name}") for name in known_attacks()}
    return {
        "config/README.md": config_keys.page(config_schema()),
        "docs/attacks.md": attack_cards.page(modules, predictions),
        "docs/models.md": family_matrix.page({name: module_of(name) for name in families()}, TINY),
        **figure_notes.pages(),
    }


def predictions(query: Query) -> frozenset[Hashable]:
    """Return identifiers of the U-Net evaluations that answer a query."""
    return importlib.import_module(f"mia.signals.{query.signal}").predictions(query)


def with_results(root: Path, page: str, summary: Path) -> str:
    """Return a page with the table of `summary` and of the CSV file beside it.

    Raises:
        ValueError: A table or the page's markers are missing.
        DamagedFile: A table is not as it was written.
    """
    table = summary.with_suffix(".csv")
    for path in (summary, table):
        if not path.is_file():
            raise ValueError(f"{path}: no such table; `make run` writes it")
    rows = list(csv.DictReader(io.StringIO(checksums.read(table), newline="")))
    source = Path(os.path.relpath(summary, root)).as_posix()
    before = (root / page).read_text(encoding="utf-8")
    names = result_block.names(before, page)
    text = result_block.block(checksums.read(summary), rows, source, names)
    return result_block.replace(before, text, page)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--summary", type=Path, help="summary.md of a run, for `--page` alone")
    parser.add_argument("--page", nargs="+", default=PAGES, help="the pages that show it")
    parser.add_argument("--check", action="store_true", help="write nothing, name stale pages")
    parser.add_argument("--graph", action="store_true", help=f"{rule_graph.PAGE} too, if possible")
    parser.add_argument("--root", type=Path, default=ROOT, help="where the pages lie")
    args = parser.parse_args()
    try:
        wanted = (
            {page: with_results(args.root, page, args.summary) for page in args.page}
            if args.summary
            else pages()
        )
        if args.graph and rule_graph.can_draw():
            wanted[rule_graph.PAGE] = rule_graph.picture(ROOT)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error
    stale = [name for name, text in wanted.items() if not _says(args.root / name, text)]
    if args.check and stale:
        command = "make readme" if args.summary else "make docs"
        raise SystemExit(f"error: not current: {', '.join(stale)}; run `{command}`")
    for name in [] if args.check else stale:
        storage.write_text(wanted[name], args.root / name)
        print(f"wrote {name}", file=sys.stderr)


def _says(path: Path, text: str) -> bool:
    """Whether a page has this text, or is an image of the same rules and arrows."""
    if not path.is_file():
        return False
    held = path.read_text(encoding="utf-8")
    return held == text or (
        path.suffix == ".svg" and rule_graph.arrows(held) == rule_graph.arrows(text)
    )


if __name__ == "__main__":
    main()
