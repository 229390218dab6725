"""AUC against evals per image: what a query buys."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from mia.report.figures.shared.colours import BAND, INK, MUTED, SERIES
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.score_data import ScoreData
from mia.report.figures.shared.style import AUC_AXIS, WIDTH, message, styled

LABEL = "AUC against evals per image"
READS = "scores"
COLUMN, RANK = "left", 2
CAPTION = (
    "What a query buys: AUC against passes through the network per image. Named are the "
    "attacks that no cheaper one beats on these very images, which flatters them a little; "
    "attacks of one cost stand side by side."
)
NOTE = (
    "AUC of each attack that reads the model against its cost, evaluations of the network per "
    "picture if it is run alone. Named are those that no cheaper attack beats, on these very "
    "pictures, and so a little flattered. Attacks of one cost stand side by side."
)

APART = 0.045
"""Attacks of equal cost stand this far apart, in decades."""

HEIGHT = 3.6  # inches
AREA = (0.14, 0.14, 0.84, 0.67)  # of the axes: left, bottom, width, height, as shares
LETTER, LINE = 5.8, 12  # points that a letter and a line of a name take


def drawn(data: ScoreData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    nothing = "No attack on this target asks the model anything."
    some = len(data.costs) > 0
    figure = draw(data.costs, data.confidence, data.band) if some else message(nothing)
    return figure, f"AUC against evals per image on {data.target}", words(data.costs)


def frontier(table: pd.DataFrame) -> pd.DataFrame:
    """Return the attacks that no cheaper or equally cheap one beats, cheapest first.

    Args:
        table: Index attack; columns evals, value.

    >>> rows = {"evals": [1, 2, 2, 9], "value": [0.6, 0.5, 0.7, 0.7]}
    >>> list(frontier(pd.DataFrame(rows, index=list("abcd"))).index)
    ['a', 'c']
    """
    ordered = table.sort_values(["evals", "value"], ascending=[True, False], kind="stable")
    return ordered[ordered["value"] > ordered["value"].cummax().shift(fill_value=-np.inf)]


@styled
def draw(table: pd.DataFrame, confidence: float, band: tuple[float, float]) -> Figure:
    """Draw every attack that reads the model; names stand at those nothing cheaper beats.

    Args:
        table: Index attack; columns evals (U-Net evaluations per image if run alone, 1 or more),
            value, low, high (AUC in [0, 1]).
        confidence: Level of the intervals, for the legend.
        band: Where an AUC without signal lands, low and high.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes(AREA)
    table = table.assign(place=_places(table))
    best = frontier(table)
    axes.axhspan(*band, color=BAND, linewidth=0, label="no signal")
    axes.axhline(0.5, color=MUTED, linewidth=0.8)
    axes.vlines(table["place"], table["low"], table["high"], color=MUTED, linewidth=0.9, alpha=0.7)
    others = table.drop(index=best.index)
    axes.plot(others["place"], others["value"], "o", color=MUTED, markersize=4.5, label="others")
    (line,) = axes.plot(best["place"], best["value"], "o-", color=SERIES[0], markersize=6)
    line.set(drawstyle="steps-post", linewidth=1.2, label="best at its cost")
    axes.vlines(best["place"], best["low"], best["high"], color=SERIES[0], linewidth=1.4)
    _scale(axes, table)
    _names(axes, best)
    figure.legend(
        loc="upper center",
        ncols=3,
        title=f"chance is 0.5; {confidence:.0%} intervals",
        title_fontsize=9.5,
    )
    return figure


def _places(table: pd.DataFrame) -> pd.Series:
    """Evals, those of equal cost moved apart on the log axis, the best in the middle."""
    ranked = table.sort_values("value", ascending=False, kind="stable")
    number = ranked.groupby("evals").cumcount()
    aside = np.where(number % 2, 1, -1) * ((number + 1) // 2)
    return (ranked["evals"] * 10 ** (APART * aside)).reindex(table.index)


def _names(axes: Axes, best: pd.DataFrame) -> None:
    """Write each name above its interval, higher where another name is in the way."""
    (left, right), (bottom, top) = np.log10(axes.get_xlim()), axes.get_ylim()
    width, height = 72 * WIDTH * AREA[2], 72 * HEIGHT * AREA[3]
    taken: list[tuple[float, float, float]] = []
    for name, row in best.iterrows():
        wide = LETTER * len(name)
        start = width * (np.log10(row["place"]) - left) / (right - left) - wide / 2
        start = min(max(start, 2), width - wide)
        level = height * (row["high"] - bottom) / (top - bottom) + 3
        for other_start, other_end, other_level in sorted(taken, key=lambda box: box[2]):
            if start < other_end and other_start < start + wide and level < other_level + LINE:
                level = max(level, other_level + LINE)
        taken.append((start, start + wide, level))
        place = ((start + wide / 2) / width, level / height)
        axes.text(*place, name, transform=axes.transAxes, ha="center", fontsize=9.5, color=INK)


def _scale(axes: Axes, table: pd.DataFrame) -> None:
    most = table["evals"].max()
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if tick <= 2 * most]
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(2.5, 1.6 * most))
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks, list(map(str, ticks)))
    low, high = min(table["low"].min(), AUC_AXIS[0]), max(table["high"].max(), AUC_AXIS[1])
    axes.set_ylim(low - 0.06 * (high - low), high + 0.3 * (high - low))
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(True, axis="y")
    axes.set_xlabel("evals per image, attack run alone")
    axes.set_ylabel("AUC")


def words(table: pd.DataFrame) -> str:
    """Return AUC against cost in words."""
    told = ", ".join(
        f"{name} with {row['evals']:g}: {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        for name, row in frontier(table).iterrows()
    )
    return (
        f"AUC of {len(table)} attacks against their evaluations of the network per image. "
        f"No cheaper attack does better than: {told}."
    )
