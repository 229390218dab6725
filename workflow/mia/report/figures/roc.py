"""ROC on log axes: the corner that matters, few false alarms, at full size."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from mia.access import reads_model
from mia.report.figures.shared.colours import BAND, MUTED, SERIES
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.score_data import ScoreData
from mia.report.figures.shared.style import CURVE, SPARE, WIDTH, styled
from mia.stats import metrics
from mia.stats.no_signal import tpr_band_at

LABEL = "ROC on log axes"
READS = "scores"
COLUMN, RANK = "left", 1
CAPTION = (
    "How many members each attack finds (up) when it may wrongly accuse so many nonmembers "
    "(right). Both axes are logarithmic, because the left edge matters: few false accusations. "
    "The grey band is where attacks without any signal land at this number of images, the "
    "thin line is chance. Drawn at first: at most six attacks on the model, those with the "
    "highest AUC, and the blind baseline farthest from chance."
)
NOTE = (
    "Each line is an attack: how many members it finds (up) while so many nonmembers are "
    "wrongly called members (right). Both axes are logarithmic, because the left edge matters. "
    "The grey band is where scores without any signal land at this number of images; grey "
    "lines never read the model. Shown are at most six attacks on the model, those with the "
    "highest AUC, and the blind baseline farthest from chance; the whole report shows any other."
)

POINTS = 200
"""A curve is drawn at up to this many log-spaced counts of false positives."""


def drawn(data: ScoreData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    sides, shown = data.scores.sides, data.scores.shown
    figure = draw(sides, data.scores.access, shown, data.groups, data.confidence)
    return figure, f"ROC curves of {data.target}, log axes", words(sides, shown)


def counts(n_nonmember: int) -> np.ndarray:
    """Return the numbers of false positives at which a curve is drawn: 1 … n_nonmember.

    >>> counts(3).tolist()
    [1, 2, 3]
    """
    return np.unique(np.geomspace(1, n_nonmember, POINTS).round().astype(int))


def tpr_at(member: np.ndarray, nonmember: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return the largest true positive rate with at most `allowed` false positives.

    Args:
        member: Scores of members, higher = more member-like.
        nonmember: Scores of nonmembers.
        allowed: Whole numbers of false positives, 0 … len(nonmember).

    Returns:
        Rates in [0, 1], one per entry of `allowed`, never interpolated.

    >>> tpr_at(np.array([3.0, 1.0]), np.array([2.0, 0.0]), np.array([0, 1, 2])).tolist()
    [0.5, 1.0, 1.0]
    """
    is_member = np.repeat([True, False], [len(member), len(nonmember)])
    _, fp, tp = metrics.curve(np.concatenate([member, nonmember]), is_member)
    return tp[np.searchsorted(fp, allowed, side="right") - 1] / len(member)


@styled
def draw(
    scores: Mapping[str, tuple[np.ndarray, np.ndarray]],
    access: Mapping[str, str],
    shown: Collection[str],
    groups: tuple[int, int],
    confidence: float,
) -> Figure:
    """Draw the ROC curves of several attacks on one target.

    Args:
        scores: Attack to (scores of members, scores of nonmembers).
        access: Attack to what it may read; `model-free` ones are drawn in grey, broken.
        shown: Attacks to be seen and named. The others' curves are in the file, marked as `SPARE`.
        groups: Groups of images among members and among nonmembers.
        confidence: Level of the no-signal band at so many groups.
    """
    n_member, n_nonmember = (len(side) for side in next(iter(scores.values())))
    allowed = counts(n_nonmember)
    floor = 0.7 / max(n_member, n_nonmember)
    figure = Figure(figsize=(WIDTH, 4.7 + 0.24 * ((len(shown) + 3) // 2)), layout="constrained")
    axes = figure.add_subplot()
    fpr = allowed / n_nonmember
    of_groups = np.floor(fpr[:-1] * groups[1] + 1e-9).astype(int)
    low, high = tpr_band_at(*groups, of_groups, confidence)
    band = axes.fill_between(
        fpr, np.maximum([*low, 1], floor), [*high, 1], step="post", color=BAND, linewidth=0
    )
    band.set_label(f"no signal ({confidence:.0%})")
    axes.plot([floor, 1], [floor, 1], color=MUTED, linewidth=0.8, label="diagonal")
    curves = {name: tpr_at(*sides, allowed) for name, sides in scores.items()}
    for name, look in looks(access, shown).items():
        label, mark = (name, CURVE) if name in shown else ("_", SPARE)
        (line,) = axes.step(fpr, np.maximum(curves[name], floor), where="post", label=label, **look)
        line.set_gid(mark + name)
    _scale(axes, 1 / n_nonmember, floor)
    first = metrics.headline_limit(n_nonmember)
    _legend(figure, axes, curves, metrics.allowed_false_positives(first, n_nonmember))
    return figure


def looks(access: Mapping[str, str], shown: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return colour and dash of each attack: coloured if it reads the model, grey if not.

    Those in `shown` come first, so that they get whole lines.
    """
    names = sorted(access, key=lambda name: name not in shown)
    reading = [name for name in names if reads_model(access[name])]
    blind = [name for name in names if not reads_model(access[name])]
    dashes = ("-", (0, (5, 1.6)), (0, (1.4, 1.2)))
    found: dict[str, dict[str, Any]] = {
        name: {"color": SERIES[i % len(SERIES)], "linestyle": dashes[i // len(SERIES) % 3]}
        for i, name in enumerate(reading)
    }
    greys = ((0, (4, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
    for i, name in enumerate(blind):
        found[name] = {"color": MUTED, "linestyle": greys[i % 4], "linewidth": 1.3}
    return found


def _scale(axes: Axes, left: float, floor: float) -> None:
    steps = (1,) if floor < 0.003 else (1, 2, 5)
    ticks = [
        step * decade
        for decade in (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1)
        for step in steps
        if floor <= step * decade <= 1
    ]
    percent = FuncFormatter(lambda rate, _: f"{100 * rate:g} %")
    axes.set(xscale="log", yscale="log", xlim=(left, 1), ylim=(floor, 1.06))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(percent)
    axes.grid(True)
    axes.set_axisbelow(True)
    axes.set_xlabel("nonmembers wrongly called members (FPR)")
    axes.set_ylabel("members found (TPR)")


def _legend(figure: Figure, axes: Axes, curves: Mapping[str, np.ndarray], count: int) -> None:
    """Put the key below, in the order of the curves at `count` false positives."""
    handles, labels = axes.get_legend_handles_labels()
    height = {name: curve[min(max(count - 1, 0), len(curve) - 1)] for name, curve in curves.items()}
    order = sorted(range(len(labels)), key=lambda i: -height.get(labels[i], -1))
    legend = figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="outside lower center",
        ncols=2,
        handlelength=2.6,
    )
    legend.set_gid("key")


def words(scores: Mapping[str, tuple[np.ndarray, np.ndarray]], shown: Collection[str]) -> str:
    """Return the ROC figure in words, those shown first."""
    member, nonmember = next(iter(scores.values()))
    first = metrics.headline_limit(len(nonmember))
    allowed = np.array([metrics.allowed_false_positives(first, len(nonmember))])
    rates = {name: f"{name} {tpr_at(*sides, allowed)[0]:.1%}" for name, sides in scores.items()}
    others = [rates[name] for name in scores if name not in shown]
    return (
        f"Share of {len(member)} members found against share of {len(nonmember)} nonmembers "
        f"wrongly called members. At {100 * first:g} % of nonmembers: "
        f"{', '.join(rates[name] for name in shown)}."
        + (f" Not drawn at first: {', '.join(others)}." if others else "")
    )
