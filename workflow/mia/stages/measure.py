"""Measure every missing (image, query) pair of a shard, then write one table per signal.

Numbers come from the ledger; the model is loaded only if something is missing, and a killed job
loses at most `flush_seconds` of work. The first images of each part are measured a second time:
rows with `repeat`, which no attack's score reads and every attack is checked with. Under a caption
control (`mia.told_captions`) the images are measured once more, with other captions.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import pandas as pd

from mia import command, storage
from mia import query as queries_module
from mia.locks import shard_lock
from mia.measuring.image_encoder import encoder_inputs
from mia.measuring.ledger import Ledger
from mia.measuring.measure_job import MeasureJob
from mia.measuring.missing import caption_kind, input_hashes
from mia.measuring.shard import Shard
from mia.measuring.signal_coverage import SignalCoverage, shared_inputs
from mia.models.captions import are_classes, require_captions
from mia.models.families import module_of
from mia.models.weights import require_described
from mia.path_names import by_name
from mia.progress import Progress
from mia.query import Query
from mia.result_paths import OTHER_CAPTIONS, SIGNALS
from mia.told_captions import by_control, plain

if TYPE_CHECKING:
    from mia.measuring.meter import Meter


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--model", required=True, help="model.json")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--latents", required=True, help="latents of the shard")
    parser.add_argument("--pictures", nargs="?", help="pictures.tar, if a signal looks at pixels")
    parser.add_argument("--captions", nargs="*", default=[], help="exchanged, one file per target")
    parser.add_argument("--shard", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--output", nargs="+", required=True, help="one file per signal")
    command.run(parser, measure)


def measure(args: argparse.Namespace) -> None:
    model = storage.read_json(args.model)
    sized = module_of(model["family"]).family.reads_sizes(model["options"])
    shard = Shard(args.manifest, args.latents, args.settings["parts"], args.pictures, sized)
    wanted = queries_module.load(args.settings["queries"])
    exchanged = by_name(OTHER_CAPTIONS, "target", args.captions)
    asked = by_control(wanted)
    shards = {control: shard.under(control, exchanged) for control in asked}
    for control, queries in asked.items() if are_classes(model) else ():
        require_classes(model, shards[control], queries, args.manifest)
    outputs = by_name(SIGNALS, "signal", args.output)
    ledger, encoder = Ledger(args.ledger), encoder_inputs(args.settings)

    def work(layer: Shard, control: str | None, repeat: bool) -> MeasureJob:
        """Return what the ledger holds and lacks of a layer."""
        hashes = input_hashes(layer.images, shared_inputs(model, args.settings, repeat), encoder)
        queries = tuple(map(plain, asked[control]))
        held = {name: SignalCoverage(name, model, ledger, hashes, queries) for name in outputs}
        return MeasureJob(layer, held, repeat, control, asked[control])

    to_do = []
    for control, told in shards.items():
        layers = told.layers()
        firsts = [layer.first(args.settings["repeats"]) for layer in layers]
        to_do += [(layer, control, False) for layer in layers]
        to_do += [(layer, control, True) for layer in firsts if len(layer.images)]
    with shard_lock(ledger.folder, args.shard, args.settings["shards"]):
        done = [work(*layer) for layer in to_do]
        if rows := sum(len(image_ids) for part in done for image_ids in part.missing.values()):
            meter = loaded(args.model, args.settings, args.threads)
            progress = Progress(rows)
            for place, layer in enumerate(to_do):
                if not done[place].missing:
                    continue
                if (part := work(*layer)).missing:  # one before it may have answered all of it
                    meter.measure(part, progress)
                done[place] = work(*layer)
        else:
            print("measured 0 evals: everything is in the ledger", file=sys.stderr)

    metadata = {"model": model["name"], "weights": model["weights"]}
    for name, path in outputs.items():
        parts = [part.table(name) for part in done]
        table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        storage.write(table.sort_values(["repeat", "image_id", "query", "key"]), path, metadata)


def require_classes(model: dict, shard: Shard, queries: tuple[Query, ...], manifest: str) -> None:
    """Raise ModelError if a caption that `queries` tell is no class of a model told classes."""
    for kind in sorted({caption_kind(query) for query in queries} - {"null"}):
        rows = zip(shard.images["key"], shard.images[kind], strict=True)
        require_captions(model, rows, manifest, kind)


def loaded(path: str, settings: dict, threads: int) -> Meter:
    """Return the model that model.json describes; its files must be unchanged since then."""
    from mia.measuring.meter import Meter

    model = storage.read_json(path)
    require_described(model, path)
    return Meter(model, settings, threads)


if __name__ == "__main__":
    main()
