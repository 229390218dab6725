"""What fitted attacks learn from: one row of features per image, means over draws."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SMALLEST = 1e-30  # a smaller size counts as this
SIGNED = ("ssim", "ssim_of_mean", "cosine")  # measures that can be below 0; all others are sizes
SIDES = ("caption", "null", "both")  # under these, the columns of `denoise` say the condition


def log_sizes(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the log of each size's mean over draws, at each timestep.

    Args:
        table: A signal: index image_id, columns timestep and `columns`, all of them at least 0.

    Returns:
        Index image_id, sorted; columns `{column} {timestep}`, without those that hold no number.
    """
    return _logs(_means(table, columns, ["timestep"]))


def of_signals(
    signals: Mapping[str, pd.DataFrame], fields: Collection[str], side: str = "caption"
) -> pd.DataFrame:
    """Return features of all signals: sizes, and how a changed caption or image moves the loss.

    A size enters as the log of its mean over draws. Every loss under another condition, caption or
    crop enters once more: as its difference from the loss under the image's own caption at the same
    timestep and draw, without a log. The difficulty of the image cancels in it. The inner products
    of `denoise` are left out.

    Args:
        signals: Signal to long table, as in `mia.evidence.Evidence`.
        fields: Names of the columns that tell queries apart.
        side: `caption`, or `null` where nothing was asked under a caption: the loss without one
            then takes the place of that under the own caption.

    Returns:
        Index image_id, sorted; columns without any number are left out.
    """
    import pandas as pd

    own, tables = _own_losses(signals, side), []
    for name, table in sorted(signals.items()):
        kinds = sorted({*fields} & {*table} - {"draw"})
        measures = sorted(table.select_dtypes("number").columns.difference(fields))
        sizes = [m for m in measures if m not in SIGNED and not m.startswith("dot_")]
        told = table["condition"].isin(SIDES) & (name == "denoise")
        changes = _changes(table, told, own)
        table = table.assign(condition=table["condition"].mask(told, ""))
        change_of = pd.concat([table[[*kinds, "draw"]], changes], axis="columns")
        found = [
            _logs(_means(table, sizes, kinds)),
            _means(table, [m for m in measures if m in SIGNED], kinds),
            _means(change_of, list(changes), kinds),
        ]
        tables += [part.add_prefix(f"{name} ") for part in found]
    return pd.concat(tables, axis="columns").sort_index()


def _own_losses(signals: Mapping[str, pd.DataFrame], side: str) -> pd.Series | None:
    """Return the loss under `side`, index (image_id, timestep, draw), named as its column."""
    if "denoise" not in signals:
        return None
    table = signals["denoise"]
    table = table[table["condition"].isin((side, "both"))].set_index(
        ["timestep", "draw"], append=True
    )
    return table[f"loss_{side}"].groupby(level=[0, 1, 2]).first()


def _changes(table: pd.DataFrame, told: pd.Series, own: pd.Series | None) -> pd.DataFrame:
    """Return each `loss_…` minus `own`, as `change_…`, except for that loss itself."""
    import pandas as pd

    losses = [column for column in table if column.startswith("loss_")]
    if own is None or not losses:
        return pd.DataFrame(index=table.index)
    place = pd.MultiIndex.from_arrays([table.index, table["timestep"], table["draw"]])
    changes = table[losses].sub(own.reindex(place).to_numpy(), axis="index")
    if own.name in changes:
        changes[own.name] = changes[own.name].mask(told)
    return changes.add_prefix("change_")


def _means(table: pd.DataFrame, columns: list[str], kinds: list[str]) -> pd.DataFrame:
    """Return means over draws, each counting once; columns `{column} {kind} …`, none empty."""
    by_draw = table.groupby(["image_id", *kinds, "draw"], dropna=False)[columns].mean()
    means = by_draw.groupby(["image_id", *kinds], dropna=False).mean().unstack(kinds)
    means.columns = [" ".join(map(str, column)) for column in means.columns]
    return means.dropna(axis="columns", how="all")


def _logs(sizes: pd.DataFrame) -> pd.DataFrame:
    return np.log(sizes.clip(lower=SMALLEST))
