"""Simple statistics of an image's pixels: what a blind baseline can know without any model."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.fft import dctn

LONGEST = 128
NEAR_WHITE, NEAR_BLACK, EDGE = 0.95, 0.05, 0.1
COEFFICIENTS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (2, 2))
PREFIX = "stat_"


def statistics(picture: Image.Image) -> dict[str, float]:
    """Return the image statistics of an RGB image, by column name (`stat_…`).

    They are computed on the image, shrunk to at most 128 pixels if need be. All are finite; levels
    are in [0, 1].

    - `mean_*`, `std_*`: level and spread of red, green, blue and grey; `skew_grey`
    - `saturation`, `saturation_std`: (max − min) / max over the channels
    - `colourfulness`: Hasler and Süsstrunk 2003
    - `entropy`: of the grey histogram, 64 bins, in bits
    - `edges`: share of pixels whose grey gradient exceeds 0.1; `gradient`: its mean
    - `sharpness`: standard deviation of the Laplacian
    - `white`, `black`: share of pixels within 0.05 of white, of black
    - `colours`: distinct colours of 4 bits a channel, per pixel
    - `asymmetry`: mean grey difference to the mirror image
    - `border`: mean grey of the outermost pixels
    - `centre`: mean grey of the middle quarter minus that of the whole
    - `dct_ij`: size of low-frequency coefficients of the 32×32 grey image
    - `fine`: share of that image's energy outside the 8×8 lowest frequencies
    """
    picture = picture.copy()
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    red, green, blue = (np.asarray(band, dtype=np.float64) / 255 for band in picture.split())
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    small = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.BOX), np.float64)
    found = {**_levels(red, green, blue, grey), **_colour(red, green, blue)}
    found |= {**_texture(grey), **_layout(grey), **_frequencies(small / 255)}
    return {PREFIX + name: float(value) for name, value in found.items()}


def _levels(
    red: np.ndarray, green: np.ndarray, blue: np.ndarray, grey: np.ndarray
) -> dict[str, float]:
    levels = {"red": red, "green": green, "blue": blue, "grey": grey}
    found = {f"mean_{name}": level.mean() for name, level in levels.items()}
    found |= {f"std_{name}": level.std() for name, level in levels.items()}
    centred, spread = grey - found["mean_grey"], found["std_grey"]
    skew = (centred * centred * centred).mean() / spread**3 if spread > 1e-6 else 0.0
    return {**found, "skew_grey": skew}


def _colour(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> dict[str, float]:
    high = np.maximum(np.maximum(red, green), blue)
    low = np.minimum(np.minimum(red, green), blue)
    saturation = (high - low) / np.maximum(high, 1e-6)
    first, second = red - green, (red + green) / 2 - blue
    spread = np.hypot(first.std(), second.std())
    coarse = [(band * 15.999).astype(np.int64) for band in (red, green, blue)]
    return {
        "saturation": saturation.mean(),
        "saturation_std": saturation.std(),
        "colourfulness": spread + 0.3 * np.hypot(first.mean(), second.mean()),
        "white": (low > NEAR_WHITE).mean(),
        "black": (high < NEAR_BLACK).mean(),
        "colours": len(np.unique(coarse[0] * 256 + coarse[1] * 16 + coarse[2])) / red.size,
    }


def _texture(grey: np.ndarray) -> dict[str, float]:
    counts = np.bincount((grey.ravel() * 63.999).astype(np.int64), minlength=64)
    shares = counts[counts > 0] / grey.size
    padded = np.pad(grey, 1, mode="edge")
    right, down = padded[1:-1, 2:] - grey, padded[2:, 1:-1] - grey
    gradient = np.hypot(right, down)
    laplacian = right + down + padded[1:-1, :-2] + padded[:-2, 1:-1] - 2 * grey
    return {
        "entropy": -(shares * np.log2(shares)).sum() + 0.0,
        "edges": (gradient > EDGE).mean(),
        "gradient": gradient.mean(),
        "sharpness": laplacian.std(),
    }


def _layout(grey: np.ndarray) -> dict[str, float]:
    height, width = grey.shape
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    top, left = height // 4, width // 4
    centre = grey[top : height - top, left : width - left]
    return {
        "asymmetry": np.abs(grey - grey[:, ::-1]).mean(),
        "border": border.mean(),
        "centre": centre.mean() - grey.mean(),
    }


def _frequencies(small: np.ndarray) -> dict[str, float]:
    spectrum = dctn(small, norm="ortho")
    energy = spectrum**2
    total = energy.sum() - energy[0, 0]
    low = energy[:8, :8].sum() - energy[0, 0]
    found = {f"dct_{i}{j}": abs(spectrum[i, j]) / 32 for i, j in COEFFICIENTS}
    return {**found, "fine": 1 - low / total if total > 1e-9 else 0.0}
