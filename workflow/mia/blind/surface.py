"""Channel `surface`: how a caption is written, whatever it says."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, boosted

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 100
COUNTED = {
    "words": r"\S+",
    "digits": r"\d",
    "non_ascii": r"[^\x00-\x7f]",
    "punctuation": f"[{re.escape(string.punctuation)}]",
    "straight_quotes": "[\"']",
    "curly_quotes": "[‘’“”]",
    "wide_spaces": r"\s{2,}|^\s|\s$",
}


def features(images: pd.DataFrame) -> pd.DataFrame:
    """Return counts of a caption's surface, by column name (`caption_…`).

    - `length`: characters
    - `words`, `digits`, `capitals`, `non_ascii`, `punctuation` (ASCII), `straight_quotes`,
      `curly_quotes`: how many
    - `wide_spaces`: runs of more than one space, and spaces at either end
    - `word_length`: characters other than spaces, per word; 0 without words
    - `starts_capital`, `ends_stop`: 0 or 1
    """
    import pandas as pd

    text = images["caption"].fillna("").astype(str)
    found = {"length": text.str.len()}
    found |= {name: text.str.count(pattern) for name, pattern in COUNTED.items()}
    found["capitals"] = text.map(_capitals)
    letters = text.str.count(r"\S")
    found["word_length"] = letters / found["words"].clip(lower=1)
    found["starts_capital"] = text.str[:1].str.isupper()
    found["ends_stop"] = text.str.endswith(".")
    return pd.DataFrame(found).add_prefix("caption_").astype("float64")


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0, rounds: int = ROUNDS) -> Classifier:
    """Return gradient boosting fitted on those counts."""
    return boosted(features, images, member, rounds, seed)


def _capitals(text: str) -> int:
    return sum(map(str.isupper, text))
