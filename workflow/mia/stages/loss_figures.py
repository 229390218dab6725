"""Draw what the denoising losses of one target show, one SVG file each.

No score is read, so that a changed attack draws none of these again. Only images that the tables
report on are drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from mia import command, storage
from mia.report.figures.shared import files
from mia.report.figures.shared.loss_data import CONDITIONS, LossData, per_picture
from mia.report.figures.shared.shelf import LOSSES
from mia.stats.metrics import groups_of


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


def drawings(options: argparse.Namespace) -> files.Drawings:
    """Return each figure of a target with its title and alternative text."""
    settings, membership = options.settings, storage.read(options.membership)
    seen = membership[membership["kept"] & (membership["block"] >= 0)]
    data = LossData(
        options.target,
        per_picture(read_losses(path, seen) for path in options.losses),
        seen.set_index("image_id")["group"],
        groups_of(seen["member"], seen["group"]),
        settings["confidence"],
    )
    return files.drawn(LOSSES, data)


if __name__ == "__main__":
    main()
