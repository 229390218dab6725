"""Verdicts on sets whose difference is known: none, or one that was planted."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from PIL import Image

from blind_verdict import judged
from made_images import images
from mia.images.rows import describe


def test_exchangeable_halves_are_hardly_ever_called_unfair():
    words = [judged(images(100, seed), ["caption"], longest=2)[0] for seed in range(100)]
    assert words.count("NOT FAIR") <= 5
    assert set(words) <= {"FAIR", "UNDECIDED", "NOT FAIR"}


def test_many_exchangeable_pictures_are_fair():
    assert judged(images(9000), ["metadata"])[0] == "FAIR"


def test_curly_quotes_in_a_twentieth_of_one_class():
    """Too few to move an AUC beyond 0.53, and found all the same."""
    rows = images(6000)
    quoted, curly = (rows.sample(frac=share, random_state=1).index for share in (0.5, 0.05))
    caption = rows["caption"].mask(rows.index.isin(quoted), "'" + rows["caption"] + "'")
    curly = rows.index.isin(curly) & rows["member"]
    rows["caption"] = caption.mask(curly, "‘" + rows["caption"] + "’")
    word, sentence = judged(rows, ("surface", "metadata"))
    assert word != "NOT FAIR"
    assert "beyond chance, but not beyond the margin: surface (p = " in sentence
    word, sentence = judged(rows, ("surface", "metadata"), margin=0.01)
    assert word == "NOT FAIR"
    assert "(surface)" in sentence and "metadata" not in sentence


def photographed(seed: int, change, save) -> pd.DataFrame:
    """Manifest rows of drawn images: members go through `change`, `save` gives the options."""
    rows, described = images(120, seed), []
    rng = np.random.default_rng(seed)
    for member in rows["member"]:
        coarse = rng.integers(30, 226, (5, 5, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((32, 32), Image.Resampling.BICUBIC)
        data = io.BytesIO()
        (change(picture) if member else picture).save(data, **save(member))
        described.append(describe(data.getvalue(), 10_000))
    found = pd.DataFrame(described, rows.index).drop(columns=["status", "error", "image_id"])
    drawn = rows.drop(columns=rows.filter(regex="^stat_").columns)
    return found.combine_first(drawn)[[*found, *drawn.columns.difference(found.columns)]]


def test_another_jpeg_quality():
    rows = photographed(
        0, lambda picture: picture, lambda member: {"format": "JPEG", "quality": 88 + 4 * member}
    )
    assert rows["jpeg_quality"].groupby(rows["member"]).agg(["min", "max"]).to_numpy().tolist() == [
        [88, 88],
        [92, 92],
    ]
    word, sentence = judged(rows)
    assert word == "NOT FAIR" and "(metadata)" in sentence
    assert "caption" not in sentence and "surface" not in sentence


def test_another_colour():
    def warmer(picture):
        red, green, blue = picture.split()
        return Image.merge("RGB", (red.point(lambda level: level + 24), green, blue))

    word, sentence = judged(photographed(1, warmer, lambda member: {"format": "PNG"}))
    assert word == "NOT FAIR" and "(image)" in sentence
    assert "caption" not in sentence and "surface" not in sentence
