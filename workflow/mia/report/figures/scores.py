"""Score histograms: how far members and nonmembers lie apart, one panel per attack."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mia.report.figures.shared.colours import MEMBER, NONMEMBER
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.score_data import ScoreData
from mia.report.figures.shared.style import WIDTH, styled

LABEL = "Scores of members and nonmembers"
READS = "scores"
COLUMN, RANK = "right", 3
CAPTION = (
    "The scores of members (filled) and nonmembers (outlined). The less the two overlap, the "
    "better the attack; where they coincide it knows nothing. Outermost bars hold all beyond."
)
NOTE = (
    "Scores of members (filled) and nonmembers (outlined), one panel per attack; further right "
    "is more member-like. The less the two overlap, the better the attack."
)

FEWEST, MOST = 8, 28  # bins
NARROW = 8  # more attacks than this stand in three columns


def drawn(data: ScoreData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    sides = data.scores.sides
    return draw(sides), f"Scores of members and nonmembers of {data.target}", words(sides)


def edges(scores: np.ndarray) -> np.ndarray:
    """Return edges of equal bins over the middle 99 % of the scores; more scores, more bins.

    `shares` counts what lies further out in the outer bins, so no score is left out.

    >>> edges(np.zeros(5))[[0, -1]].tolist()
    [-0.5, 0.5]
    """
    low, high = np.quantile(scores, [0.005, 0.995])
    if not low < high:
        low, high = low - 0.5, high + 0.5
    bins = int(np.clip(2 * np.sqrt(len(scores)), FEWEST, MOST))
    return np.linspace(low, high, bins + 1)


def shares(scores: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Return the share of `scores` in each bin, those outside counted in the outer ones.

    >>> shares(np.array([-9.0, 0.2, 0.7, 9.0]), np.array([0.0, 0.5, 1.0])).tolist()
    [0.5, 0.5]
    """
    return np.histogram(np.clip(scores, bins[0], bins[-1]), bins)[0] / len(scores)


@styled
def draw(scores: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw members (filled) and nonmembers (outlined) of each attack.

    Args:
        scores: Attack to (scores of members, scores of nonmembers).
    """
    columns = 3 if len(scores) > NARROW else 2
    rows = -(-len(scores) // columns)
    figure = Figure(figsize=(WIDTH, 0.75 + 1.12 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for panel, (name, sides) in zip(panels.flat, scores.items(), strict=False):
        _panel(panel, name, *sides)
    for panel in panels.flat[len(scores) :]:
        panel.set_axis_off()
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    figure.supxlabel("score: further right = more member-like", fontsize=10)
    return figure


def _panel(axes: Axes, name: str, member: np.ndarray, nonmember: np.ndarray) -> None:
    bins = edges(np.concatenate([member, nonmember]))
    heights = shares(member, bins), shares(nonmember, bins)
    axes.stairs(heights[0], bins, fill=True, color=MEMBER, alpha=0.45, label="members")
    axes.stairs(heights[1], bins, color=NONMEMBER, linewidth=1.6, label="nonmembers")
    axes.set_title(name, pad=3, fontsize=9.5)
    axes.set(xticks=[], yticks=[], xlim=(bins[0], bins[-1]), ylim=(0, 1.1 * np.max(heights)))
    axes.spines["left"].set_visible(False)


def words(scores: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """Return the histograms in words."""
    above = ", ".join(
        f"{name} {np.mean(member > np.median(nonmember)):.0%}"
        for name, (member, nonmember) in scores.items()
    )
    return f"Share of members that score above the median nonmember (50 % is chance): {above}."
