"""Measure every missing (image, query) pair of a shard, then write one table per signal.

Numbers come from the ledger; the model is loaded only if something is missing, and a killed job
loses at most `flush_seconds` of work.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from mia import query as queries_module
from mia import tables
from mia.ledger import Ledger
from mia.locks import LockError, shard_lock
from mia.measurements import Measurements, shared_inputs
from mia.missing import input_hashes
from mia.shard import Shard


def main() -> None:
    args = parse_arguments()
    model = json.loads(Path(args.model).read_text())
    shard = Shard(args.manifest, args.latents, args.parts, args.pictures)
    wanted = queries_module.load(args.wanted)
    outputs = {Path(path).parent.name: path for path in args.output}
    ledger, shared = Ledger(args.ledger), shared_inputs(model, args.settings)

    def answered(layer: Shard) -> dict[str, Measurements]:
        """Every signal on the layer's images, what was missing measured."""
        hashes = input_hashes(layer.images, shared)

        def held() -> dict[str, Measurements]:
            return {name: Measurements(name, model, ledger, hashes, wanted) for name in outputs}

        found = held()
        if not any(signal.missing for signal in found.values()):
            print("measured 0 evals: everything is in the ledger", file=sys.stderr)
            return found
        from mia.measuring import measure

        measure(model, layer, found, args.settings, args.threads)
        return held()

    try:
        with shard_lock(ledger.folder, args.shard, args.shards):
            layers = [(layer, answered(layer)) for layer in shard.layers()]
    except (LockError, OSError, RuntimeError) as error:
        raise SystemExit(f"error: {error}") from error

    metadata = {"model": model["name"], "weights": model["weights"]}
    for name, path in outputs.items():
        parts = [found[name].table(layer.images) for layer, found in layers]
        table = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        tables.write(table.sort_values(["image_id", "query", "key"]), path, metadata)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="model.json")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--latents", required=True, help="latents of the shard")
    parser.add_argument("--pictures", nargs="?", help="pictures.tar, if a signal looks at pixels")
    parser.add_argument("--wanted", required=True, help="queries, as mia.query.dump writes them")
    parser.add_argument("--parts", nargs="+", required=True)
    parser.add_argument("--shard", required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--output", nargs="+", required=True, help="one file per signal")
    return parser.parse_args()


if __name__ == "__main__":
    main()
