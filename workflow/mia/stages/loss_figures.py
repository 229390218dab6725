"""Draw what the denoising losses of one target show: loss by timestep, AUC by timestep.

No score is read, so that a changed attack draws none of these again. Only pictures of the
evaluation fold are drawn, those that the tables report on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from mia import command, storage
from mia.report.figures import alt_text, timesteps
from mia.report.figures.losses import CONDITIONS, draw, per_picture, summarise
from mia.report.figures.shared import files
from mia.report.figures.shared.style import message
from mia.stats.metrics import groups_of
from mia.stats.no_signal import auc_band

NO_LOSS = "No attack on this target asks for denoising losses,\nso there is no curve to draw."


def read_losses(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the losses of `rows` (set, key, image_id, member) in one file of signal `denoise`."""
    there = storage.schema(path).names
    wanted = [name for name in ("key", "timestep", "draw", *CONDITIONS) if name in there]
    own = rows.loc[rows["set"] == storage.metadata(path)["set"], ["key", "image_id", "member"]]
    return storage.read(path, wanted).merge(own, on="key").drop(columns="key")


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--losses", type=Path, nargs="*", default=[])
    files.run(parser, drawings)


def drawings(options: argparse.Namespace) -> dict[str, tuple[Figure, str, str]]:
    """Return each figure of a target with its title and itself in words."""
    confidence, target = options.settings["confidence"], options.target
    membership = storage.read(options.membership)
    seen = membership[membership["kept"] & (membership["fold"] == "evaluation")]
    losses = per_picture(read_losses(path, seen) for path in options.losses)
    group = seen.set_index("image_id")["group"]
    band = auc_band(*groups_of(seen["member"], seen["group"]), confidence)
    summary = summarise(losses, group, confidence)
    bootstrap = (confidence, options.settings["resamples"], options.settings["seed"])
    by_step = timesteps.aucs(losses, group, *bootstrap)
    return {
        "losses": (
            draw(summary, confidence) if len(summary) else message(NO_LOSS),
            f"Denoising loss of {target} by timestep",
            alt_text.of_curves(summary),
        ),
        "timesteps": (
            timesteps.draw(by_step, confidence, band) if len(by_step) else message(NO_LOSS),
            f"AUC of the loss on {target} by timestep",
            alt_text.of_timesteps(by_step),
        ),
    }


if __name__ == "__main__":
    main()
