"""The measuring loop: load a model once, answer every missing query, flush as it goes."""

from __future__ import annotations

import importlib
import platform
import sys
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import diffusers
import torch
from tqdm import tqdm

from mia.batch import Batch
from mia.batch_size import BatchSize
from mia.denoisers.autoencoder import Autoencoder
from mia.device import choose
from mia.ledger_writer import LedgerWriter
from mia.measurements import Measurements
from mia.missing import by_need
from mia.query import Query
from mia.shard import Shard
from mia.throughput import keep_speed


def measure(
    model: Mapping[str, Any],
    shard: Shard,
    signals: Mapping[str, Measurements],
    settings: Mapping[str, Any],
    threads: int,
) -> int:
    """Measure what `signals` lack and append it to their ledger.

    Args:
        model: Contents of model.json.
        shard: The images.
        signals: Signal name to what is held and missing of it.
        settings: The config's `measure` block, with `seed`.
        threads: Torch threads.

    Returns:
        U-Net evaluations done.
    """
    torch.set_num_threads(threads)
    device = choose(settings["device"])
    family = importlib.import_module(f"mia.denoisers.{model['family']}")
    denoiser = family.load(model, device, settings["dtype"], settings["compile"])
    vae = Autoencoder(model["vae"], device) if shard.pictures else None
    writer = LedgerWriter(
        signals, settings["flush_seconds"], _provenance(model, settings, device, threads)
    )
    missing = {query: ids for signal in signals.values() for query, ids in signal.missing.items()}
    size, evals, start = BatchSize(settings["batch_size"]), 0, time.monotonic()
    progress = _progress(sum(map(len, missing.values())))
    with torch.inference_mode(), progress:
        for queries, image_ids in by_need(missing):
            shared, todo = shared_evaluations(queries, signals), list(image_ids)
            while todo:
                chunk, todo = _next_chunk(todo, size.now)
                batch = Batch(
                    denoiser,
                    chunk,
                    torch.from_numpy(shard.z0(chunk)).to(device),
                    shard.captions(chunk),
                    settings["seed"],
                    size.now,
                    lambda ids: torch.from_numpy(shard.pixels(ids, model["resolution"])),
                    vae,
                    shared,
                    shard.alternates(chunk),
                )
                before = time.monotonic()
                for name, signal in signals.items():
                    for rows in batch.slices([query for query in queries if query.signal == name]):
                        values = signal.module.measure(batch, rows).cpu().numpy()
                        ids = [chunk[i] for i in rows.image.tolist()]
                        writer.add(name, ids, rows.queries, values)
                        progress.update(len(values))
                size.report(batch.size, batch.evals, time.monotonic() - before)
                evals += batch.evals
                progress.set_postfix_str(f"{evals / (time.monotonic() - start):.0f} evals/s")
    writer.close()
    seconds = time.monotonic() - start
    keep_speed(next(iter(signals.values())).ledger.folder, device, evals, seconds)
    print(
        f"measured {evals} evals in {seconds:.1f} s: {evals / seconds:.0f} evals/s on {device}, "
        f"batches of {size.now}",
        file=sys.stderr,
    )
    return evals


def shared_evaluations(
    queries: Sequence[Query], signals: Mapping[str, Measurements]
) -> frozenset[Hashable]:
    """Evaluations that more than one of `signals` needs for `queries`."""
    needed = {name: set() for name in signals}
    for query in queries:
        needed[query.signal] |= signals[query.signal].module.predictions(query)
    counts = Counter(evaluation for mine in needed.values() for evaluation in mine)
    return frozenset(evaluation for evaluation, count in counts.items() if count > 1)


def _next_chunk(todo: list[str], size: int) -> tuple[list[str], list[str]]:
    """Take up to `size` images, such that what is left divides evenly."""
    count = -(-len(todo) // size)
    first = -(-len(todo) // count)
    return todo[:first], todo[first:]


def _progress(rows: int) -> tqdm:
    """Rows done, evals/s and time left; on a terminal it moves, in a log it is a line a minute."""
    every = 0.5 if sys.stderr.isatty() else 60
    return tqdm(total=rows, unit="row", mininterval=every, maxinterval=every, miniters=0)


def _provenance(
    model: Mapping[str, Any], settings: Mapping[str, Any], device: str, threads: int
) -> dict[str, Any]:
    """Recorded with every segment, not part of any key."""
    return {
        "weights": model["weights"],
        "device": device if device == "cpu" else torch.cuda.get_device_name(device),
        "dtype": settings["dtype"],
        "batch_size": settings["batch_size"],
        "threads": threads,
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "python": platform.python_version(),
        },
    }
