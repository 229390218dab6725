"""Measure every missing (image, query) pair of a shard, then write one table per signal.

Numbers come from the ledger; the model is loaded only if something is missing, and a killed job
loses at most `flush_seconds` of work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import safe_open

from mia import query as queries_module
from mia import tables
from mia.fingerprint import fingerprint
from mia.ledger import Ledger
from mia.locks import LockError, shard_lock
from mia.missing import answered, input_hashes, to_measure
from mia.query import Query


def main() -> None:
    args = parse_arguments()
    model = json.loads(Path(args.model).read_text())
    images = images_of_shard(args.manifest, args.latents, args.parts)
    wanted = queries_module.load(args.wanted)
    outputs = {Path(path).parent.name: path for path in args.output}
    ledger = Ledger(args.ledger)
    hashes = input_hashes(images, shared_inputs(model, args.settings))

    try:
        with shard_lock(ledger.folder, args.shard, args.shards):
            plan = {name: Signal(name, model, ledger, hashes, wanted) for name in outputs}
            missing = {
                query: ids for signal in plan.values() for query, ids in signal.missing.items()
            }
            if missing:
                from mia.measuring import measure

                measure(
                    model, images, args.latents, missing, plan, hashes, args.settings, args.threads
                )
            else:
                print("measured 0 evals: everything is in the ledger", file=sys.stderr)
    except (LockError, OSError, RuntimeError) as error:
        raise SystemExit(f"error: {error}") from error

    for name, path in outputs.items():
        signal = Signal(name, model, ledger, hashes, wanted) if missing else plan[name]
        tables.write(
            signal.table(images), path, {"model": model["name"], "weights": model["weights"]}
        )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="model.json")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--latents", required=True, help="latents of the shard")
    parser.add_argument("--wanted", required=True, help="queries, as mia.query.dump writes them")
    parser.add_argument("--parts", nargs="+", required=True)
    parser.add_argument("--shard", required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--output", nargs="+", required=True, help="one file per signal")
    return parser.parse_args()


class Signal:
    """One signal on the images of a shard: what is answered and what is missing."""

    def __init__(
        self,
        name: str,
        model: dict[str, Any],
        ledger: Ledger,
        hashes: pd.DataFrame,
        wanted: tuple[Query, ...],
    ) -> None:
        self.name, self.ledger = name, ledger
        self.module = importlib.import_module(f"mia.signals.{name}")
        denoiser = f"mia.denoisers.{model['family']}"
        self.fingerprint = fingerprint(self.module.__name__, denoiser, "mia.batch", "mia.noise")
        queries = [query for query in wanted if query.signal == name]
        self.answers = answered(ledger.read(name, self.fingerprint), hashes, queries, self.module)
        self.missing = to_measure(self.answers, list(hashes.index), self.module)

    def table(self, images: pd.DataFrame) -> pd.DataFrame:
        """All answers as one table, sorted by image and query."""
        parts = [
            rows.loc[sorted(rows.index)]
            .reset_index(names="image_id")
            .assign(query=query.name, **query.fields())
            for query, rows in sorted(self.answers.items())
        ]
        columns = ["key", "image_id", "query", "timestep", "draw", "condition"]
        if not parts:
            return pd.DataFrame(columns=[*columns, *self.module.MEASURES])
        table = pd.concat(parts, ignore_index=True)
        table["key"] = table["image_id"].map(images["key"])
        further = sorted(set(table.columns) - set(columns) - set(self.module.MEASURES))
        return table[[*columns, *further, *self.module.MEASURES]].sort_values(
            ["image_id", "query"], ignore_index=True
        )


def images_of_shard(manifest: str, latents: str, parts: list[str]) -> pd.DataFrame:
    """Kept rows of `parts` that were encoded in this shard: index `image_id`, sorted."""
    with safe_open(latents, "numpy") as file:
        keys = json.loads(file.metadata()["key"])
    columns = ["key", "image_id", "part", "kept", "caption"]
    rows = tables.read(manifest, columns)
    rows = rows[rows["kept"] & rows["part"].isin(parts) & rows["key"].isin(keys)]
    return rows.set_index("image_id")[["key", "caption"]].sort_index()


def shared_inputs(model: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """What every number of a model depends on, but for the query and the caption."""
    return {
        "seed": settings["seed"],
        "dtype": settings["dtype"],
        **{key: model[key] for key in ("resolution", "prediction_type", "alpha_bar", "files")},
        "preparation": fingerprint("mia.images.training_set", "mia.encoding"),
    }


if __name__ == "__main__":
    main()
