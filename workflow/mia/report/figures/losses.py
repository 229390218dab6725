"""Loss by timestep: what the model finds easier about images it has learnt, and where."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from mia.report.figures.shared.colours import INK, MEMBER, MUTED, NONMEMBER
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.loss_data import CONDITIONS, NO_LOSS, LossData
from mia.report.figures.shared.style import WIDTH, message, styled

LABEL = "Loss by timestep"
READS = "losses"
COLUMN, RANK = "right", 1
CAPTION = (
    "How well the model removes noise from members and from nonmembers, by amount of noise; "
    "below, the difference. Above zero, members are easier: the trace loss attacks use."
)
NOTE = (
    "Mean error of the model's noise estimate on members and nonmembers by timestep (0 is the "
    "least noise), and below it the difference: above zero, members are easier. Bands are "
    "pointwise intervals over images."
)


def drawn(data: LossData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    found = summarise(data.losses, data.group, data.confidence)
    figure = draw(found, data.confidence) if len(found) else message(NO_LOSS)
    return figure, f"Denoising loss of {data.target} by timestep", words(found)


def summarise(losses: pd.DataFrame, group: pd.Series, confidence: float) -> pd.DataFrame:
    """Return mean losses and their gap by condition and timestep, with normal intervals.

    Args:
        losses: What `per_picture` returns.
        group: Index image_id; label of each image's group, of which the means count as one.
        confidence: Level of the intervals, in (0, 1).

    Returns:
        Columns condition, timestep, what (`member`, `nonmember` or `gap`), value, low, high.
        The gap is the nonmembers' mean minus the members': above 0, members are easier.
    """
    z = ndtri((1 + confidence) / 2)
    found = []
    losses = losses.assign(group=group.loc[losses["image_id"]].to_numpy())
    for (condition, timestep), rows in losses.groupby(["condition", "timestep"]):
        means = rows.groupby(["member", "group"])["loss"].mean()
        sides = {m: means[means.index.get_level_values(0) == m].to_numpy() for m in (True, False)}
        if min(map(len, sides.values())) < 2:
            continue
        mean = {m: side.mean() for m, side in sides.items()}
        error = {m: side.std(ddof=1) / np.sqrt(len(side)) for m, side in sides.items()}
        for what, value, deviation in (
            ("member", mean[True], error[True]),
            ("nonmember", mean[False], error[False]),
            ("gap", mean[False] - mean[True], np.hypot(error[True], error[False])),
        ):
            half = z * deviation
            found.append((condition, timestep, what, value, value - half, value + half))
    return pd.DataFrame(found, columns=["condition", "timestep", "what", "value", "low", "high"])


@styled
def draw(summary: pd.DataFrame, confidence: float) -> Figure:
    """Draw mean losses above, their gap below, one column per measured condition.

    Args:
        summary: What `summarise` returns, not empty.
        confidence: Level of the bands, for the legend.
    """
    conditions = [name for name in CONDITIONS if name in set(summary["condition"])]
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    panels = figure.subplots(
        2, len(conditions), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 2]
    )
    for (upper, lower), condition in zip(panels.T, conditions, strict=True):
        rows = summary[summary["condition"] == condition].set_index("what")
        _curve(upper, rows.loc[["member"]], MEMBER, "members", "o")
        _curve(upper, rows.loc[["nonmember"]], NONMEMBER, "nonmembers", "s")
        _curve(lower, rows.loc[["gap"]], INK, "", "o")
        lower.axhline(0, color=MUTED, linewidth=0.8)
        upper.set_title(CONDITIONS[condition])
        lower.set_xlim(-30, 1030)
        lower.set_xticks([0, 250, 500, 750, 1000], ["0", "", "500", "", "1000"])
    panels[0, 0].set_ylabel("mean squared error")
    panels[1, 0].set_ylabel("nonmembers\n− members")
    figure.supxlabel("timestep: 0 = least noise", fontsize=10)
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=2,
        title=f"mean over images, {confidence:.0%} bands",
        title_fontsize=9.5,
    )
    return figure


def _curve(axes: Axes, rows: pd.DataFrame, colour: str, label: str, marker: str) -> None:
    rows = rows.sort_values("timestep")
    step, value = rows["timestep"].to_numpy(), rows["value"].to_numpy()
    low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
    axes.fill_between(step, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.vlines(step, low, high, color=colour, linewidth=1)
    axes.plot(step, value, color=colour, marker=marker, markersize=4, linewidth=1.4, label=label)
    axes.grid(True, axis="y")


def words(summary: pd.DataFrame) -> str:
    """Return the loss curves in words."""
    if summary.empty:
        return "No denoising losses were measured on this target."
    parts = []
    for condition, rows in summary[summary["what"] == "gap"].groupby("condition"):
        widest = rows.loc[rows["value"].abs().idxmax()]
        parts.append(
            f"{CONDITIONS[condition]}: {len(rows)} timesteps; nonmembers' mean loss minus "
            f"members' is largest at timestep {widest['timestep']}: {widest['value']:.4f} "
            f"({widest['low']:.4f} to {widest['high']:.4f})"
        )
    return "Mean loss of members and nonmembers by timestep, " + "; ".join(parts) + "."
