"""Draw one target: ROC on log axes, score histograms, loss by timestep, as SVG files.

Only pictures of the evaluation fold are drawn, those that the tables report on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from mia import metrics, tables
from mia.evaluation.scored import fold_of, scored
from mia.figures import curves, histograms, roc
from mia.figures.style import message, to_svg

Sides = tuple[np.ndarray, np.ndarray]


def read_scores(
    paths: list[Path], membership: pd.DataFrame
) -> tuple[dict[str, Sides], dict[str, str]]:
    """Return each attack's scores of members and nonmembers of the evaluation fold, and its access.

    Raises:
        ValueError: Scores do not fit the membership table; the message names file and pictures.
    """
    scores, access = {}, {}
    for path in paths:
        about = tables.metadata(path)
        rows = fold_of(scored(tables.read(path), membership, str(path)), "evaluation", str(path))
        scores[about["name"]] = tuple(
            rows.loc[rows["member"] == side, "score"].to_numpy() for side in (True, False)
        )
        access[about["name"]] = about["access"]
    return scores, access


def read_losses(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of `rows` (set, key, image_id, member) in one file of signal `denoise`."""
    there = pq.read_schema(path).names
    wanted = [name for name in ("key", "timestep", "draw", *curves.CONDITIONS) if name in there]
    own = rows.loc[rows["set"] == tables.metadata(path)["set"], ["key", "image_id", "member"]]
    return tables.read(path, wanted).merge(own, on="key").drop(columns="key")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", required=True)
    parser.add_argument("--scores", type=Path, nargs="+", required=True)
    parser.add_argument("--membership", type=Path, required=True)
    parser.add_argument("--losses", type=Path, nargs="*", default=[])
    parser.add_argument("--confidence", type=float, required=True)
    parser.add_argument("--roc", type=Path, required=True)
    parser.add_argument("--histograms", type=Path, required=True)
    parser.add_argument("--curves", type=Path, required=True)
    options = parser.parse_args()
    try:
        draw(options)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


def draw(options: argparse.Namespace) -> None:
    """Draw and write the three figures of a target."""
    membership = tables.read(options.membership)
    scores, access = read_scores(options.scores, membership)
    shown = membership[membership["kept"] & (membership["fold"] == "evaluation")]
    losses = curves.per_picture(read_losses(path, shown) for path in options.losses)
    summary = curves.summarise(losses, options.confidence)

    figure = roc.draw(scores, access, options.confidence)
    title = f"ROC curves of {options.target}, log axes"
    tables.write_text(to_svg(figure, title, roc_words(scores)), options.roc)

    figure = histograms.draw(scores)
    title = f"Scores of members and nonmembers of {options.target}"
    tables.write_text(to_svg(figure, title, histogram_words(scores)), options.histograms)

    nothing = "No attack on this target asks for denoising losses,\nso there is no curve to draw."
    figure = curves.draw(summary, options.confidence) if len(summary) else message(nothing)
    title = f"Denoising loss of {options.target} by timestep"
    tables.write_text(to_svg(figure, title, curve_words(summary)), options.curves)


def roc_words(scores: dict[str, Sides]) -> str:
    """Return the ROC figure in words."""
    member, nonmember = next(iter(scores.values()))
    allowed = np.array([metrics.allowed_false_positives(0.01, len(nonmember))])
    found = ", ".join(f"{name} {roc.tpr_at(*s, allowed)[0]:.1%}" for name, s in scores.items())
    return (
        f"Share of {len(member)} members found against share of {len(nonmember)} nonmembers "
        f"wrongly called members. At 1 % of nonmembers: {found}."
    )


def histogram_words(scores: dict[str, Sides]) -> str:
    """Return the histograms in words."""
    above = ", ".join(
        f"{name} {np.mean(member > np.median(nonmember)):.0%}"
        for name, (member, nonmember) in scores.items()
    )
    return f"Share of members that score above the median nonmember (50 % is chance): {above}."


def curve_words(summary: pd.DataFrame) -> str:
    """Return the loss curves in words."""
    if summary.empty:
        return "No denoising losses were measured on this target."
    parts = []
    for condition, rows in summary[summary["what"] == "gap"].groupby("condition"):
        widest = rows.loc[rows["value"].abs().idxmax()]
        parts.append(
            f"{curves.CONDITIONS[condition]}: {len(rows)} timesteps; nonmembers' mean loss minus "
            f"members' is largest at timestep {widest['timestep']}: {widest['value']:.4f} "
            f"({widest['low']:.4f} to {widest['high']:.4f})"
        )
    return "Mean loss of members and nonmembers by timestep, " + "; ".join(parts) + "."


if __name__ == "__main__":
    main()
