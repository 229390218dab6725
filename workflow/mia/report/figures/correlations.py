"""Rank correlation of attacks: which of them see the same, whatever they are called."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from mia.evaluation.scored import side_by_side
from mia.report.figures.shared.colours import INK, MEMBER, MUTED, NONMEMBER, RULE
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.score_data import ScoreData
from mia.report.figures.shared.style import WIDTH, message, styled

LABEL = "Correlation of attacks"
READS = "scores"
COLUMN, RANK = "left", 3
CAPTION = (
    "Which attacks see the same. Blue: two rank the images alike; orange: one ranks them "
    "against the other; fuller is stronger. Attacks that agree this much are not independent "
    "evidence, and some images are hard for all."
)
NOTE = (
    "Spearman's rank correlation of every two attacks: blue is alike, orange is opposite, "
    "fuller is stronger. Attacks that rank the images alike stand together; they are hardly "
    "independent evidence. Part of any correlation is that some images are harder than "
    "others."
)

NUMBERED = 10
"""Up to this many attacks the cells are large enough to hold their number."""


def drawn(data: ScoreData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    common = side_by_side(data.scores.reported)
    found = spearman({name: rows["score"] for name, rows in common.items()})
    alone = "One attack correlates with no other."
    figure = draw(found) if len(found) > 1 else message(alone)
    return figure, f"Rank correlation of the attacks on {data.target}", words(found)


def spearman(scores: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return Spearman's rank correlation of every two attacks, like attacks side by side.

    Args:
        scores: Attack to scores, index image_id, the same images for all.

    Returns:
        Square table in [-1, 1], ties sharing their mean rank; NaN where a score is constant. The
        order is that of average linkage on 1 - correlation.
    """
    found = pd.DataFrame(scores).rank().corr()
    if len(found) > 2:
        distance = (1 - found.fillna(0).to_numpy()).clip(0)
        np.fill_diagonal(distance, 0)
        order = leaves_list(linkage(squareform(distance, checks=False), "average"))
        found = found.iloc[order, order]
    return found


@styled
def draw(correlation: pd.DataFrame) -> Figure:
    """Draw the lower triangle: blue for like, orange for opposite, the fuller the stronger.

    Args:
        correlation: What `spearman` returns, two attacks at least.
    """
    names, n = list(correlation), len(correlation)
    figure = Figure(figsize=(WIDTH, WIDTH), layout="constrained")
    axes = figure.add_subplot()
    for row in range(1, n):
        for column in range(row):
            _cell(axes, column, row, correlation.iat[row, column], numbered=n <= NUMBERED)
    axes.set(xlim=(-0.5, n - 1.5), ylim=(n - 0.5, 0.5), aspect="equal")
    axes.set_xticks(range(n - 1), names[:-1], rotation=90)
    axes.set_yticks(range(1, n), names[1:])
    axes.tick_params(length=0, labelcolor=INK, labelsize=9)
    axes.spines[:].set_visible(False)
    _key(axes.inset_axes((0.62, 0.86, 0.36, 0.05)))
    return figure


def _cell(axes: Axes, column: float, row: float, value: float, numbered: bool) -> None:
    corner, size = (column - 0.47, row - 0.47), 0.94
    axes.add_patch(Rectangle(corner, size, size, **_look(value)))
    if numbered:
        text = "–" if np.isnan(value) else f"{value:.2f}".replace("0.", ".").replace("-", "−")
        axes.text(column, row, text, ha="center", va="center", fontsize=8.5)


def _look(value: float) -> dict:
    if np.isnan(value):
        return {"facecolor": "none", "edgecolor": RULE, "linewidth": 0.6}
    colour = MEMBER if value > 0 else NONMEMBER
    return {"facecolor": colour, "alpha": round(0.04 + 0.86 * abs(float(value)), 2), "linewidth": 0}


def _key(axes: Axes) -> None:
    """A strip from -1 to 1 in the empty corner."""
    steps = np.linspace(-1, 1, 11)
    for place, value in enumerate(steps):
        axes.add_patch(Rectangle((place, 0), 0.94, 1, **_look(value)))
    axes.set(xlim=(0, len(steps)), ylim=(0, 1), yticks=[])
    axes.set_xticks([0.5, len(steps) / 2, len(steps) - 0.5], ["−1", "0", "1"])
    axes.tick_params(length=0, labelcolor=MUTED, labelsize=9)
    axes.spines[:].set_visible(False)
    axes.set_title("rank correlation", fontsize=9.5, fontweight="normal", loc="center", pad=4)


def words(correlation: pd.DataFrame) -> str:
    """Return the strongest correlations in words."""
    places = np.tril_indices(len(correlation), -1)
    pairs = pd.Series(correlation.to_numpy()[places]).dropna()
    names = list(correlation)
    told = [
        f"{names[places[0][i]]} and {names[places[1][i]]} {pairs[i]:.2f}".replace("-", "−")
        for i in pairs.abs().sort_values(ascending=False, kind="stable").index[:5]
    ]
    return (
        f"Spearman's rank correlation of the scores of {len(names)} attacks. "
        f"Strongest: {', '.join(told) or 'none'}."
    )
