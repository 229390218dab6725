"""What a ledger holds of a signal, and what it lacks."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.fingerprint import fingerprint
from mia.measuring.ledger import Ledger
from mia.measuring.missing import answered, input_kind, to_measure
from mia.models.options import preparation
from mia.query import Query
from mia.signals.shared.contract import columns_of


class SignalCoverage:
    """One signal on some images: what the ledger answers and what is missing.

    Args:
        name: The signal.
        model: Contents of model.json.
        ledger: Of the model and the image set.
        hashes: Input hashes of the images wanted (`mia.measuring.missing.input_hashes`).
        wanted: Queries, of any signal.
    """

    def __init__(
        self,
        name: str,
        model: Mapping[str, Any],
        ledger: Ledger,
        hashes: pd.DataFrame,
        wanted: tuple[Query, ...],
    ) -> None:
        self.name, self.ledger, self._hashes = name, ledger, hashes
        self.module = importlib.import_module(f"mia.signals.{name}")
        denoiser = f"mia.denoisers.{model['family']}"
        self.fingerprint = fingerprint(
            self.module.__name__, denoiser, "mia.measuring.batch", "mia.noise"
        )
        queries = [query for query in wanted if query.signal == name]
        held = ledger.read(name, self.fingerprint, hashes.index)
        self.answers = answered(held, hashes, queries, self.module)
        self.missing = to_measure(self.answers, list(hashes.index), self.module)

    def input_hashes(self, image_ids: Sequence[str], queries: Sequence[Query]) -> list[str]:
        """Return the input hash of each (image, query) pair."""
        by_kind = {kind: column.to_dict() for kind, column in self._hashes.items()}
        pairs = zip(image_ids, queries, strict=True)
        return [by_kind[input_kind(query, self.module)][image_id] for image_id, query in pairs]

    def table(self, images: pd.DataFrame) -> pd.DataFrame:
        """Return all answers as one table, sorted by image and query."""
        parts = [
            rows.loc[sorted(rows.index)]
            .reset_index(names="image_id")
            .assign(query=query.name, **query.fields())
            for query, rows in sorted(self.answers.items())
        ]
        columns = ["key", "image_id", "query", "timestep", "draw", "condition", "device"]
        measured = columns_of(self.module)
        if not parts:
            return pd.DataFrame(columns=[*columns, *measured])
        table = pd.concat(parts, ignore_index=True)
        table["key"] = table["image_id"].map(images["key"])
        further = sorted(set(table.columns) - set(columns) - set(measured))
        return table[[*columns, *further, *measured]].sort_values(
            ["image_id", "query"], ignore_index=True
        )


def shared_inputs(
    model: Mapping[str, Any], settings: dict[str, Any], repeat: bool = False
) -> dict[str, Any]:
    """Return what every number of a model depends on, besides the query and the caption.

    A second measurement (`repeat`) depends on the same, and is kept beside the first.
    """
    return {
        **({"repeat": True} if repeat else {}),
        "seed": settings["seed"],
        "dtype": settings["dtype"],
        **{
            key: model[key]
            for key in ("resolution", "prediction_type", "alpha_bar", "options", "files")
        },
        "prepared": preparation(model["vae"]),
        "preparation": fingerprint("mia.images.training_set", "mia.models.encoding"),
    }
