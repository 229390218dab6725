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

from mia.measuring.answer import answer
from mia.measuring.batch import Batch
from mia.measuring.batch_size import BatchSize
from mia.measuring.image_encoder import ImageEncoder
from mia.measuring.ledger_writer import LedgerWriter
from mia.measuring.measure_job import MeasureJob
from mia.measuring.missing import by_need
from mia.measuring.speed import keep_speed
from mia.measuring.stored_texts import StoredTexts, are_large
from mia.models.autoencoder import Autoencoder
from mia.models.device import choose
from mia.models.families import module_of
from mia.progress import Progress
from mia.query import Query
from mia.signals.shared.evals import BACKWARD, backwards


class Meter:
    """A model, loaded to be measured with.

    Args:
        model: Contents of model.json.
        settings: The config's `measure` block, with `seed`, and `embedding` if a query compares
            embeddings: `path` and `sha256` of the image encoder.
        threads: Torch threads.
    """

    def __init__(self, model: Mapping[str, Any], settings: Mapping[str, Any], threads: int) -> None:
        torch.set_num_threads(threads)
        self.model, self.settings, self.threads = model, settings, threads
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

    @cached_property
    def encoder(self) -> ImageEncoder:
        """The image encoder, loaded when the first output is compared by it."""
        return ImageEncoder(self.settings["embedding"], self.device, self.threads)

    @torch.no_grad()
    def measure(self, work: MeasureJob, progress: Progress) -> None:
        """Measure what `work` lacks and append it to its ledger; `progress` counts the rows.

        Not in torch's inference mode: a model loaded under it can never be asked for a gradient.
        """
        writer = LedgerWriter(work.signals, self.settings["flush_seconds"], self.provenance)
        if self.texts:
            self.texts.gather(work, lambda ids: self._batch(work, frozenset(), ids, 1))
        size, start = BatchSize(self.settings["batch_size"]), time.monotonic()
        evals = passes_back = 0
        for queries, shared, image_ids in _chunks(work, size):
            before, batch = time.monotonic(), self._batch(work, shared, image_ids, size.now)
            for name, signal in work.signals.items():
                for rows in batch.slices([query for query in queries if query.signal == name]):
                    values = answer(signal.module, signal.module.measure(batch, rows))
                    ids = [image_ids[i] for i in rows.image.tolist()]
                    writer.add(name, ids, rows.queries, values)
                    passes_back += sum(map(backwards, rows.queries))
                    progress.done += len(ids)
                    if progress.is_due:
                        speed = (evals + batch.evals) / (time.monotonic() - start)
                        where = f"{progress.done:,} of {progress.total:,} rows"
                        progress.tell(where, f"{speed:.3g} evals/s")
            size.report(batch.size, batch.evals, time.monotonic() - before)
            evals += batch.evals
        writer.close()
        ledger = next(iter(work.signals.values())).ledger.folder
        seconds = time.monotonic() - start
        if not work.repeat:
            as_evals = evals + BACKWARD * passes_back
            keep_speed(ledger, self.device, self.settings["dtype"], as_evals, seconds)
        _tell(work, self.device, evals, passes_back, seconds, size.now)

    def embed_image(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the embedding of one image."""
        return self.encoder(pixels)

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
            embed_image=self.embed_image if "embedding" in self.settings else None,
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
