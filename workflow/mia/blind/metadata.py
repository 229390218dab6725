"""Channel `metadata`: what the file says before anyone looks at the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, boosted

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 100
NUMBERS = ("width", "height", "bytes", "jpeg_quality", "jpeg_sampling", "has_exif")
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
SAME = {"MPO": "JPEG"}  # several JPEGs in one file, as cameras write them
# A mode in none of these has three colours without alpha: RGB, YCbCr, LAB.
MODES = {
    "grey": ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B"),
    "palette": ("P", "PA"),
    "alpha": ("LA", "La", "PA", "RGBA", "RGBa"),
    "cmyk": ("CMYK",),
}


def features(images: pd.DataFrame) -> pd.DataFrame:
    """Return numbers of the image's file, 0 where one does not apply.

    - `width`, `height` in pixels, `bytes`, `jpeg_quality` (0: no JPEG), `jpeg_sampling`,
      `has_exif`: as the manifest has them
    - `aspect`: width / height; `bytes_per_pixel`
    - `format_…`, `mode_…`: 0 or 1
    """
    import pandas as pd

    found = {name: pd.to_numeric(images[name]).astype("Float64") for name in NUMBERS}
    found["aspect"] = found["width"] / found["height"]
    found["bytes_per_pixel"] = found["bytes"] / (found["width"] * found["height"])
    formats = images["format"].replace(SAME)
    for name in FORMATS:
        found[f"format_{name.lower()}"] = formats == name
    for name, modes in MODES.items():
        found[f"mode_{name}"] = images["mode"].isin(modes)
    return pd.DataFrame(found).astype("Float64").fillna(0).astype("float64")


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0, rounds: int = ROUNDS) -> Classifier:
    """Return gradient boosting fitted on those numbers."""
    return boosted(features, images, member, rounds, seed)
