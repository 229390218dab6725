"""Config keys of sources that read a pinned dataset of the Hugging Face hub."""

from __future__ import annotations

from mia.images.sources.shared.address_keys import TEXT
from mia.images.sources.shared.contract import Key

REPO = Key("Dataset, `owner/name`.", {**TEXT, "pattern": "^[^/]+/[^/]+\\Z"}, in_parts=True)
REVISION = Key(
    "Commit of the dataset, 40 hexadecimal digits.",
    {**TEXT, "pattern": "^[0-9a-f]{40}\\Z"},
    in_parts=True,
)
