"""AUC by timestep: where on the road from image to noise the loss betrays a member."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mia.report.figures.shared.colours import BAND, MUTED, SERIES
from mia.report.figures.shared.contract import Drawn
from mia.report.figures.shared.loss_data import CONDITIONS, NO_LOSS, LossData
from mia.report.figures.shared.style import AUC_AXIS, WIDTH, message, styled
from mia.stats import intervals

LABEL = "AUC by timestep"
READS = "losses"
COLUMN, RANK = "right", 2
CAPTION = (
    "The same as an AUC: how often a random member has the smaller loss of the two. The highest "
    "point is no result: a timestep chosen here is chosen on the images it is reported on."
)
NOTE = (
    "How often a random member has a smaller loss than a random nonmember, at each timestep "
    "that was measured (0 is the least noise); 0.5 is chance. Bands are pointwise intervals. "
    "The highest point is no result: a timestep chosen here would be chosen on the images it "
    "is reported on."
)


def drawn(data: LossData) -> Drawn:
    """Return the figure, its title, and itself in words."""
    found = aucs(data.losses, data.group, data.confidence)
    figure = draw(found, data.confidence, data.band) if len(found) else message(NO_LOSS)
    return figure, f"AUC of the loss on {data.target} by timestep", words(found)


def aucs(losses: pd.DataFrame, group: pd.Series, confidence: float) -> pd.DataFrame:
    """Return the AUC of minus the loss by condition and timestep, with intervals.

    Args:
        losses: What `curves.per_picture` returns.
        group: Index image_id; label of each image's group.
        confidence: Level of the intervals, in (0, 1).

    Returns:
        Columns condition, timestep, value, low, high (AUC in [0, 1]; above 0.5, members have the
        smaller loss); timesteps that lack a class left out.
    """
    found = []
    for (condition, timestep), rows in losses.groupby(["condition", "timestep"]):
        member = rows["member"].to_numpy(bool)
        if member.all() or not member.any():
            continue
        labels = group[rows["image_id"]].to_numpy()
        score = -rows["loss"].to_numpy()
        area = intervals.auc_interval(score, member, confidence, labels)
        found.append((condition, timestep, area.value, area.low, area.high))
    return pd.DataFrame(found, columns=["condition", "timestep", "value", "low", "high"])


@styled
def draw(found: pd.DataFrame, confidence: float, band: tuple[float, float]) -> Figure:
    """Draw one line per measured condition.

    Args:
        found: What `aucs` returns, not empty.
        confidence: Level of the bands, for the legend.
        band: Where an AUC without signal lands, low and high.
    """
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axes = figure.add_subplot()
    axes.axhspan(*band, color=BAND, linewidth=0, label="no signal")
    axes.axhline(0.5, color=MUTED, linewidth=0.8)
    conditions = [name for name in CONDITIONS if name in set(found["condition"])]
    for condition, colour, marker in zip(conditions, (SERIES[0], SERIES[2]), "os", strict=False):
        rows = found[found["condition"] == condition].sort_values("timestep")
        step, value = rows["timestep"].to_numpy(), rows["value"].to_numpy()
        low, high = rows["low"].to_numpy(), rows["high"].to_numpy()
        axes.fill_between(step, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.vlines(step, low, high, color=colour, linewidth=1)
        (line,) = axes.plot(step, value, color=colour, linewidth=1.4, label=CONDITIONS[condition])
        line.set(marker=marker, markersize=4)
    axes.set_xlim(-30, 1030)
    axes.set_xticks([0, 250, 500, 750, 1000])
    low, high = min(found["low"].min(), AUC_AXIS[0]), max(found["high"].max(), AUC_AXIS[1])
    axes.set_ylim(low - 0.01, high + 0.01)
    axes.grid(True, axis="y")
    axes.set_xlabel("timestep: 0 = least noise")
    axes.set_ylabel("AUC of the loss")
    figure.legend(
        loc="outside upper center",
        ncols=3,
        title=f"chance is 0.5; {confidence:.0%} bands",
        title_fontsize=9.5,
    )
    return figure


def peak(rows: pd.DataFrame) -> pd.Series:
    """Return the row whose AUC is farthest from 0.5."""
    return rows.loc[np.abs(rows["value"] - 0.5).idxmax()]


def words(found: pd.DataFrame) -> str:
    """Return the AUC by timestep in words."""
    if found.empty:
        return "No denoising losses were measured on this target."
    parts = []
    for condition, rows in found.groupby("condition"):
        top = peak(rows)
        parts.append(
            f"{CONDITIONS[condition]}: {len(rows)} timesteps, farthest from 0.5 at timestep "
            f"{top['timestep']}: {top['value']:.3f} ({top['low']:.3f} to {top['high']:.3f})"
        )
    return "AUC of the loss at each timestep, " + "; ".join(parts) + "."
