"""Pictures that stand inside the page: data addresses, thumbnails, the two ends of a ranking."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from mia.seal import DamagedFile
from mia.stats import metrics

SIDE = 32
SHOWN = 8


def data_uri(png: bytes) -> str:
    """Return a PNG file as an address that holds the file itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def png_uri(path: Path) -> str:
    """Return a stored PNG file as a data address.

    Raises:
        DamagedFile: Its own checksums do not fit.
    """
    data = path.read_bytes()
    try:
        Image.open(io.BytesIO(data), formats=["PNG"]).verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise DamagedFile(path, " ".join(str(error).split())) from error
    return data_uri(data)


def thumbnail_uri(pixels: bytes) -> str:
    """Return a thumbnail as a data address.

    Args:
        pixels: 32 × 32 × 3 bytes, rows from the top, RGB in 0…255.

    Raises:
        ValueError: Another number of bytes.
    """
    if len(pixels) != SIDE * SIDE * 3:
        raise ValueError(f"a thumbnail has {SIDE * SIDE * 3} bytes, got {len(pixels)}")
    file = io.BytesIO()
    Image.frombytes("RGB", (SIDE, SIDE), pixels).save(file, "PNG", optimize=True)
    return data_uri(file.getvalue())


def strongest(scores: dict[str, pd.DataFrame]) -> str | None:
    """Return the attack with the highest AUC on the calibration fold, the first of equals.

    Args:
        scores: Attack to table with score, member, fold; attacks that read the model only.
    """
    best, highest = None, -1.0
    for name, rows in scores.items():
        known = rows[rows["fold"] == "calibration"]
        if known["member"].nunique() < 2:
            continue
        found = metrics.auc(known["score"].to_numpy(), known["member"].to_numpy(bool))
        if found > highest:
            best, highest = name, found
    return best


def ends(rows: pd.DataFrame, pictures: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return the most and the least member-like images of the evaluation fold.

    Args:
        rows: Index image_id; columns score, member, fold.
        images: Index image_id; columns caption, thumbnail (bytes).

    Returns:
        `most` and `least`, each up to `SHOWN` entries, the extreme one first.
    """
    shown = rows[rows["fold"] == "evaluation"].reset_index()
    falling = shown.sort_values(["score", "image_id"], ascending=[False, True])
    sides = {"most": falling.head(SHOWN), "least": falling.tail(SHOWN).iloc[::-1]}
    return {side: entries(chosen, pictures) for side, chosen in sides.items()}


def entries(chosen: pd.DataFrame, pictures: pd.DataFrame) -> list[dict[str, Any]]:
    """Return caption, thumbnail and side of each image.

    Args:
        chosen: Columns image_id, member.
        pictures: As in `ends`.
    """
    return [
        {
            "caption": pictures.loc[row.image_id, "caption"] or "no caption",
            "uri": thumbnail_uri(pictures.loc[row.image_id, "thumbnail"]),
            "member": bool(row.member),
        }
        for row in chosen.itertuples()
    ]
