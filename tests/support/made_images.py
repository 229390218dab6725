"""Made-up manifest rows of two sets that do not differ, until a test makes them differ."""

from __future__ import annotations

import numpy as np
import pandas as pd

WORDS = [
    "red",
    "blue",
    "old",
    "new",
    "cat",
    "dog",
    "bird",
    "house",
    "on",
    "under",
    "near",
    "the",
    "a",
    "of",
    "7",
    "No",
    "Map",
]


def images(per_class: int, seed: int = 0) -> pd.DataFrame:
    """Manifest columns, and `member` and `fold`: index image_id, members first."""
    rng, n = np.random.default_rng(seed), 2 * per_class
    names = [f"{number:08x}" for number in range(n)]
    jpeg = rng.random(n) < 0.7
    found = {
        "set": "made",
        "key": names,
        "caption": [" ".join(words) for words in rng.choice(WORDS, (n, 5))],
        "url": [
            f"https://{host}.example/{name}" for host, name in zip("abcd" * n, names, strict=False)
        ],
        "width": rng.integers(300, 900, n),
        "height": rng.integers(300, 900, n),
        "bytes": rng.integers(20_000, 90_000, n),
        "jpeg_quality": pd.array(np.where(jpeg, rng.integers(70, 96, n), -1)).astype("Int64"),
        "jpeg_sampling": pd.array(np.where(jpeg, 2, -1)).astype("Int64"),
        "has_exif": (rng.random(n) < 0.3).astype(int),
        "format": np.where(jpeg, "JPEG", "PNG"),
        "mode": np.where(rng.random(n) < 0.1, "L", "RGB"),
        "group": names,
        "member": np.arange(n) < per_class,
        "fold": np.where(rng.permutation(n) % 2, "calibration", "evaluation"),
        "kept": True,
        "reason": "",
    }
    found |= {f"stat_{name}": rng.random(n) for name in ("mean_red", "mean_blue", "edges")}
    found["block"] = np.where(found["fold"] == "evaluation", 0, -1)
    table = pd.DataFrame(found, index=pd.Index(names, name="image_id"))
    return table.assign(
        jpeg_quality=table["jpeg_quality"].where(jpeg),
        jpeg_sampling=table["jpeg_sampling"].where(jpeg),
    )
