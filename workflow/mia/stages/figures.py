"""Draw what the scores of one target show, one SVG file each.

Only images that the tables report on are drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.evaluation.scored import scored
from mia.report.figures.shared import files
from mia.report.figures.shared.score_data import ScoreData, Scores
from mia.report.figures.shared.shelf import SCORES
from mia.stats.metrics import groups_of


def read_scores(paths: list[Path], membership: pd.DataFrame) -> Scores:
    """Return the scores of every attack.

    Raises:
        ValueError: Scores do not fit the membership table; the message names file and images.
    """
    about = {path: storage.metadata(path) for path in paths}
    rows = {path: scored(storage.read(path), membership, str(path)) for path in paths}
    return Scores(
        {about[path]["name"]: rows[path] for path in paths},
        {about[path]["name"]: about[path] for path in paths},
    )


def read_costs(paths: list[Path], evals: dict[str, int]) -> pd.DataFrame:
    """Return evals, AUC and its interval of each attack that costs any; index attack."""
    found = [storage.read_json(path) for path in paths]
    rows = {
        metrics["attack"]: {
            "evals": evals[metrics["attack"]],
            **{end: metrics["auc"][end] for end in ("value", "low", "high")},
        }
        for metrics in found
    }
    columns = ["evals", "value", "low", "high"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table[table["evals"] > 0]


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--scores", type=Path, nargs="+", required=True)
    parser.add_argument("--metrics", type=Path, nargs="+", required=True)
    files.run(parser, drawings)


def drawings(options: argparse.Namespace) -> files.Drawings:
    """Return each figure of a target with its title and alternative text."""
    membership = storage.read(options.membership)
    seen = membership[membership["kept"] & (membership["block"] >= 0)]
    data = ScoreData(
        options.target,
        read_scores(options.scores, membership),
        read_costs(options.metrics, options.settings["evals"]),
        groups_of(seen["member"], seen["group"]),
        options.settings["confidence"],
    )
    return files.drawn(SCORES, data)


if __name__ == "__main__":
    main()
