"""The figures in words, for those who do not see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from mia.report.figures import costs, losses, roc, timesteps
from mia.stats import metrics

Sides = tuple[np.ndarray, np.ndarray]


def of_roc(scores: Mapping[str, Sides], shown: Collection[str]) -> str:
    """Return the ROC figure in words, those shown first."""
    member, nonmember = next(iter(scores.values()))
    allowed = np.array([metrics.allowed_false_positives(0.01, len(nonmember))])
    rates = {name: f"{name} {roc.tpr_at(*sides, allowed)[0]:.1%}" for name, sides in scores.items()}
    others = [rates[name] for name in scores if name not in shown]
    return (
        f"Share of {len(member)} members found against share of {len(nonmember)} nonmembers "
        f"wrongly called members. At 1 % of nonmembers: {', '.join(map(rates.get, shown))}."
        + (f" Not drawn at first: {', '.join(others)}." if others else "")
    )


def of_histograms(scores: Mapping[str, Sides]) -> str:
    """Return the histograms in words."""
    above = ", ".join(
        f"{name} {np.mean(member > np.median(nonmember)):.0%}"
        for name, (member, nonmember) in scores.items()
    )
    return f"Share of members that score above the median nonmember (50 % is chance): {above}."


def of_curves(summary: pd.DataFrame) -> str:
    """Return the loss curves in words."""
    if summary.empty:
        return "No denoising losses were measured on this target."
    parts = []
    for condition, rows in summary[summary["what"] == "gap"].groupby("condition"):
        widest = rows.loc[rows["value"].abs().idxmax()]
        parts.append(
            f"{losses.CONDITIONS[condition]}: {len(rows)} timesteps; nonmembers' mean loss minus "
            f"members' is largest at timestep {widest['timestep']}: {widest['value']:.4f} "
            f"({widest['low']:.4f} to {widest['high']:.4f})"
        )
    return "Mean loss of members and nonmembers by timestep, " + "; ".join(parts) + "."


def of_timesteps(found: pd.DataFrame) -> str:
    """Return the AUC by timestep in words."""
    if found.empty:
        return "No denoising losses were measured on this target."
    parts = []
    for condition, rows in found.groupby("condition"):
        peak = timesteps.peak(rows)
        parts.append(
            f"{losses.CONDITIONS[condition]}: {len(rows)} timesteps, farthest from 0.5 at timestep "
            f"{peak['timestep']}: {peak['value']:.3f} ({peak['low']:.3f} to {peak['high']:.3f})"
        )
    return "AUC of the loss at each timestep, " + "; ".join(parts) + "."


def of_correlations(correlation: pd.DataFrame) -> str:
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


def of_costs(table: pd.DataFrame) -> str:
    """Return AUC against cost in words."""
    told = ", ".join(
        f"{name} with {row['evals']:g}: {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        for name, row in costs.frontier(table).iterrows()
    )
    return (
        f"AUC of {len(table)} attacks against their evaluations of the network per picture. "
        f"No cheaper attack does better than: {told}."
    )
