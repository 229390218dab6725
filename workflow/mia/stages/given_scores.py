"""Rules `given_scores_…`: take a target's labels and scores from a table that was made elsewhere.

There are no images, so the audit of such a target says that nothing can be judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from mia import command, storage
from mia.access import EXTERNAL
from mia.audit.without_images import audit_of_scores
from mia.path_names import by_name
from mia.result_paths import SCORES
from mia.targets import given_scores, membership


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--name", required=True, help="name of the target")
    parser.add_argument("--table", required=True, type=Path, help="CSV or Parquet")
    parser.add_argument("--membership", required=True, type=Path, help="table to write")
    parser.add_argument("--pairs", required=True, type=Path, help="table to write, without rows")
    parser.add_argument("--audit", required=True, type=Path, help="JSON to write")
    parser.add_argument("--scores", required=True, nargs="+", type=Path, help="one per attack")
    command.run(parser, write_target, "targets.{name}: ", arguments)


def write_target(options: argparse.Namespace) -> None:
    rows = given_scores.read(options.table)
    dealt = options.settings["design"], options.settings["seed"]
    table = given_scores.membership(rows, *dealt, str(options.table))
    storage.write(table, options.membership)
    storage.write(pd.DataFrame(columns=membership.PAIRS, dtype=object), options.pairs)
    margin = options.settings["margin"]
    storage.write_json(audit_of_scores(options.name, table, margin), options.audit)
    for attack, path in by_name(SCORES, "attack", options.scores).items():
        scores = pd.DataFrame({"image_id": rows["id"], "score": rows[attack]})
        storage.write(scores.sort_values("image_id", ignore_index=True), path, about(attack))


def about(attack: str) -> dict[str, Any]:
    """Return the metadata of a score file whose scores come from the column `attack`."""
    return {
        "attack": f"column {attack}",
        "name": attack,
        "module": "external",
        "access": EXTERNAL,
        "reads_images": False,
        "combines_signals": False,
        "trained": False,
        "fitted": {},
        "fit_image_ids": [],
        "repeats": None,
        "devices": [],
    }


if __name__ == "__main__":
    main()
