"""Models that were distilled to few steps, by the name that they were published under.

Nothing else in their files shows it. Such a model was trained to answer like another model's many
steps, so its answers are no noise estimates of the images that it was trained on.
"""

from __future__ import annotations

import re

REASON = "distilled to few steps, its answers are no noise estimates of the training images"
# Words of published names, in small letters; of several, one after the other.
NAMES = (
    *("turbo", "lightning", "lcm", "schnell", "sdxs", "tcd", "pcm", "dmd", "instaflow", "perflow"),
    *("swiftbrush", "vegart", "hyper sd", "hyper sdxl", "hyper flux", "hypersd", "flash sd"),
    *("flash sdxl", "flash pixart", "sana sprint", "yoso"),
)
BEFORE = ("sd", "sdxl", "xl", "flux")  # what is written before such a word without a space


def distilled_name(name: str) -> str | None:
    """Return the word in a model's name that says that it is distilled; None if none does.

    >>> [distilled_name(name) for name in ("sdxl-turbo", "LightningXL", "turbot-photos")]
    ['turbo', 'lightning', None]
    """
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    plain = re.findall(r"[a-z]+", name.lower())
    for words in ([part.lower() for part in parts], plain):
        text = f" {' '.join(words)} "
        for known in NAMES:
            if any(f" {before}{known} " in text for before in ("", *BEFORE)):
                return known
    return None


def name_mistake(name: str) -> str:
    """Return what is wrong with a model of that name: that it is distilled; "" if nothing is."""
    word = distilled_name(name)
    return f"{name}: {word!r} in its name: {REASON}" if word else ""
