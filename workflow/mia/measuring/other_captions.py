"""A measuring job under a caption control: the same images with other captions.

What is measured and how it is kept does not change: the ledger knows an answer by the query without
its control and by the caption that was told. So a caption that changes is measured again, and one
that a model was told before is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mia import storage
from mia.path_names import names
from mia.query import Query
from mia.result_paths import MANIFEST
from mia.told_captions import FIELD, plain, target_of


def told(
    images: pd.DataFrame,
    control: str,
    manifest: str | Path,
    tables: Mapping[str, str | Path],
) -> pd.DataFrame:
    """Return rows of images with the captions that a control tells.

    Args:
        images: Columns key and caption. An image of an exchange that is not in its target is left
            out.
        control: `fixed:<text>`, `shuffled:<target>` or `swapped:<target>`.
        manifest: That of the images' set; its path names the set.
        tables: Target to its table of exchanged captions (`mia.stages.other_captions`).

    Raises:
        ValueError: There is no table for the control's target.
    """
    kind, _, rest = control.partition(":")
    if target_of(control) is None:
        return images.assign(caption=rest)
    if rest not in tables:
        raise ValueError(f"no table of exchanged captions for target {rest!r}; expected one")
    table = storage.read(tables[rest], ["set", "key", kind])
    captions = table[table["set"] == names(MANIFEST, manifest)["set"]].set_index("key")[kind]
    there = images[images["key"].isin(captions.index)]
    return there.assign(caption=captions.loc[there["key"]].to_numpy())


def as_asked(rows: pd.DataFrame, asked: Sequence[Query], control: str) -> pd.DataFrame:
    """Return one signal's rows, measured without the control, named as its queries `asked` are."""
    name_of = {plain(query).name: query.name for query in asked}
    return rows.assign(**{"query": rows["query"].map(name_of), FIELD: control})
