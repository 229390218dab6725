"""The measuring loop: load a model once, answer every missing query, flush as it goes."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property
from typing import Any

import diffusers
import torch
from tqdm import tqdm

from mia.measuring.answer import answer
from mia.measuring.batch import Batch
from mia.measuring.batch_size import BatchSize
from mia.measuring.ledger_writer import LedgerWriter
from mia.measuring.measure_job import MeasureJob
from mia.measuring.missing import by_need
from mia.measuring.speed import keep_speed
from mia.measuring.stored_texts import StoredTexts, are_large
from mia.models.autoencoder import Autoencoder
from mia.models.device import choose
from mia.models.families import module_of
from mia.query import Query
from mia.signals.shared.evals import BACKWARD, backwards


class Meter:
    """A model, loaded to be measured with.

    Args:
        model: Contents of model.json.
        settings: The config's `measure` block, with `seed`.
        threads: Torch threads.
    """

    def __init__(self, model: Mapping[str, Any], settings: Mapping[str, Any], threads: int) -> None:
        torch.set_num_threads(threads)
        self.model, self.settings = model, settings
        self.device = choose(settings["device"])
        family = module_of(model["family"])
        denoiser = family.load(model, self.device, settings["dtype"], settings["compile"])
        self.texts = StoredTexts(denoiser) if are_large(model, denoiser.text_encoders) else None
        self.denoiser = self.texts or denoiser
        self.learnt: dict[bool, dict[Hashable, Any]] = {False: {}, True: {}}
        self.provenance = _provenance(model, settings, self.device, threads)

    @cached_property
    def autoencoder(self) -> Autoencoder:
        """The model's VAE, for signals that look at pixels."""
        return Autoencoder(self.model["vae"], self.device)

    @torch.no_grad()
    def measure(self, work: MeasureJob) -> None:
        """Measure what `work` lacks and append it to its ledger.

        Not in torch's inference mode: a model loaded under it can never be asked for a gradient.
        """
        writer = LedgerWriter(work.signals, self.settings["flush_seconds"], self.provenance)
        if self.texts:
            self.texts.gather(work, lambda ids: self._batch(work, frozenset(), ids, 1))
        size, start = BatchSize(self.settings["batch_size"]), time.monotonic()
        evals = passes_back = 0
        with _progress(sum(map(len, work.missing.values()))) as progress:
            for queries, shared, image_ids in _chunks(work, size):
                before, batch = time.monotonic(), self._batch(work, shared, image_ids, size.now)
                for name, signal in work.signals.items():
                    for rows in batch.slices([query for query in queries if query.signal == name]):
                        values = answer(signal.module, signal.module.measure(batch, rows))
                        ids = [image_ids[i] for i in rows.image.tolist()]
                        writer.add(name, ids, rows.queries, values)
                        progress.update(len(ids))
                        passes_back += sum(map(backwards, rows.queries))
                size.report(batch.size, batch.evals, time.monotonic() - before)
                evals += batch.evals
                progress.set_postfix_str(f"{evals / (time.monotonic() - start):.0f} evals/s")
        writer.close()
        ledger = next(iter(work.signals.values())).ledger.folder
        seconds = time.monotonic() - start
        if not work.repeat:
            as_evals = evals + BACKWARD * passes_back
            keep_speed(ledger, self.device, self.settings["dtype"], as_evals, seconds)
        _tell(work, self.device, evals, passes_back, seconds, size.now)

    def _batch(
        self, work: MeasureJob, shared: frozenset[Hashable], image_ids: list[str], size: int
    ) -> Batch:
        shard = work.shard
        return Batch(
            self.denoiser,
            image_ids,
            torch.from_numpy(shard.z0(image_ids)).to(self.device),
            shard.captions(image_ids),
            self.settings["seed"],
            size,
            lambda ids: torch.from_numpy(shard.pixels(ids, self.model["vae"])),
            self.autoencoder if shard.pictures else None,
            shared,
            shard.alternates(image_ids),
            shard.sizes(image_ids),
            learnt=self.learnt[work.repeat],
        )


def _chunks(
    work: MeasureJob, size: BatchSize
) -> Iterator[tuple[tuple[Query, ...], frozenset[Hashable], list[str]]]:
    """Yield images that lack the same queries, as many together as `size` says by then.

    A chunk is the queries, the evaluations that several signals need for them, and the images.
    """
    for queries, todo in by_need(work.missing):
        shared = work.shared(queries)
        while todo:
            chunk, todo = _next_chunk(todo, 1 if work.repeat else size.now)
            yield queries, shared, chunk


def _tell(
    work: MeasureJob, device: str, evals: int, passes_back: int, seconds: float, size: int
) -> None:
    """Print what was done."""
    back = f" and {passes_back} backward passes" if passes_back else ""
    print(
        f"measured {'again ' if work.repeat else ''}{evals} evals{back} in {seconds:.1f} s: "
        f"{evals / seconds:.0f} evals/s on {device}, batches of {size}",
        file=sys.stderr,
    )


def _next_chunk(todo: list[str], size: int) -> tuple[list[str], list[str]]:
    """Return at most `size` images and those left, so that all chunks are about equal."""
    count = -(-len(todo) // size)
    first = -(-len(todo) // count)
    return todo[:first], todo[first:]


def _progress(rows: int) -> tqdm:
    """Return a progress bar: it moves on a terminal, and a log gets one line a minute."""
    every = 0.5 if sys.stderr.isatty() else 60
    return tqdm(total=rows, unit="row", mininterval=every, maxinterval=every, miniters=0)


def _provenance(
    model: Mapping[str, Any], settings: Mapping[str, Any], device: str, threads: int
) -> dict[str, Any]:
    """Return what is recorded with every segment and is part of no key."""
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
