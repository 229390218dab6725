"""Draw what the scores of one target show, one SVG file each: ROC, score histograms, correlation
of attacks, AUC against cost.

Only pictures of the evaluation fold are drawn, those that the tables report on; which ROC curves
are seen at first is chosen on the calibration fold.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mia import command, storage
from mia.evaluation.scored import fold_of, scored
from mia.report.figures import alt_text, correlations, costs, roc
from mia.report.figures.scores import draw as draw_scores
from mia.report.figures.shared import files, selection
from mia.report.figures.shared.style import message
from mia.stats.metrics import groups_of
from mia.stats.no_signal import auc_band


@dataclass(frozen=True)
class Scores:
    """The attacks of a target.

    Args:
        rows: Attack to its scored pictures, as `scored` returns them.
        about: Attack to the metadata of its score file.
    """

    rows: dict[str, pd.DataFrame]
    about: dict[str, dict[str, Any]]

    @property
    def evaluation(self) -> dict[str, pd.DataFrame]:
        """Attack to the pictures that are drawn."""
        return {name: fold_of(rows, "evaluation", name) for name, rows in self.rows.items()}

    @property
    def sides(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Attack to scores of members and of nonmembers, evaluation fold."""
        return {
            name: tuple(rows.loc[rows["member"] == side, "score"].to_numpy() for side in (1, 0))
            for name, rows in self.evaluation.items()
        }

    @property
    def access(self) -> dict[str, str]:
        """Attack to what it may read."""
        return {name: about["access"] for name, about in self.about.items()}

    @property
    def shown(self) -> list[str]:
        """Attacks whose ROC curves are seen at first."""
        learnt = {name: about.get("fit_image_ids") or () for name, about in self.about.items()}
        blind = [
            name
            for name, about in self.about.items()
            if about["access"] == "model-free" and about["reads_images"]
        ]
        return selection.shown(self.rows, self.access, learnt, blind)


def read_scores(paths: list[Path], membership: pd.DataFrame) -> Scores:
    """Return the scores of every attack.

    Raises:
        ValueError: Scores do not fit the membership table; the message names file and pictures.
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


def drawings(options: argparse.Namespace) -> dict[str, tuple[Figure, str, str]]:
    """Return each figure of a target with its title and itself in words."""
    confidence, target = options.settings["confidence"], options.target
    membership = storage.read(options.membership)
    scores = read_scores(options.scores, membership)
    sides, shown = scores.sides, scores.shown
    seen = membership[membership["kept"] & (membership["fold"] == "evaluation")]
    groups = groups_of(seen["member"], seen["group"])
    band = auc_band(*groups, confidence)
    correlation = correlations.spearman(
        {name: rows["score"] for name, rows in scores.evaluation.items()}
    )
    cost = read_costs(options.metrics, options.settings["evals"])
    return {
        "roc": (
            roc.draw(sides, scores.access, shown, groups, confidence),
            f"ROC curves of {target}, log axes",
            alt_text.of_roc(sides, shown),
        ),
        "scores": (
            draw_scores(sides),
            f"Scores of members and nonmembers of {target}",
            alt_text.of_histograms(sides),
        ),
        "correlations": (
            correlations.draw(correlation)
            if len(correlation) > 1
            else message("One attack correlates with no other."),
            f"Rank correlation of the attacks on {target}",
            alt_text.of_correlations(correlation),
        ),
        "costs": (
            costs.draw(cost, confidence, band)
            if len(cost)
            else message("No attack on this target asks the model anything."),
            f"AUC against evals per picture on {target}",
            alt_text.of_costs(cost),
        ),
    }


if __name__ == "__main__":
    main()
