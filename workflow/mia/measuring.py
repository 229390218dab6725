"""The measuring loop: load a model once, answer every missing query, flush as it goes."""

from __future__ import annotations

import importlib
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import diffusers
import numpy as np
import pandas as pd
import torch
from safetensors import safe_open
from tqdm import tqdm

from mia.batch import Batch, Rows
from mia.denoisers.autoencoder import Autoencoder
from mia.device import choose
from mia.images.training_set import prepared
from mia.missing import by_need
from mia.query import Query
from mia.throughput import keep_speed


def measure(
    model: Mapping[str, Any],
    images: pd.DataFrame,
    latents: str,
    pictures: str | None,
    missing: Mapping[Query, Sequence[str]],
    signals: Mapping[str, Any],
    hashes: pd.DataFrame,
    settings: Mapping[str, Any],
    threads: int,
) -> int:
    """Measure `missing` and append it to the ledger.

    Args:
        model: Contents of model.json.
        images: Index `image_id`, columns `key` and `caption`.
        latents: File of z0 by key.
        pictures: pictures.tar of the shard, where a signal looks at pixels.
        missing: The images that each query has to be measured on.
        signals: Signal name to an object with `module`, `ledger` and `fingerprint`.
        hashes: Input hashes of each image (`mia.missing.input_hashes`).
        settings: The config's `measure` block, with `seed`.
        threads: Torch threads.

    Returns:
        U-Net evaluations done.
    """
    torch.set_num_threads(threads)
    device = choose(settings["device"])
    family = importlib.import_module(f"mia.denoisers.{model['family']}")
    denoiser = family.load(model, device, settings["dtype"])
    z0, position = _read_latents(latents)
    vae = Autoencoder(model["vae"], device) if pictures else None

    def read_pixels(image_ids: Sequence[str]) -> torch.Tensor:
        keys, pixels = prepared([pictures], images.loc[image_ids, "key"], model["resolution"])
        order = [keys.index(key) for key in images.loc[image_ids, "key"]]
        return torch.from_numpy(pixels[order])

    writer = _Writer(
        signals, hashes, settings["flush_seconds"], _provenance(model, settings, device, threads)
    )
    evals, start, size = 0, time.monotonic(), settings["batch_size"]
    rows_left = tqdm(
        total=sum(map(len, missing.values())), unit="row", disable=not sys.stderr.isatty()
    )
    with torch.inference_mode(), rows_left:
        for queries, image_ids in by_need(missing):
            for chunk in _even_chunks(image_ids, size):
                latent = torch.from_numpy(z0[[position[image_id] for image_id in chunk]]).to(device)
                captions = images.loc[chunk, "caption"].fillna("").astype(str).tolist()
                batch = Batch(
                    denoiser,
                    chunk,
                    latent,
                    captions,
                    settings["seed"],
                    size,
                    read_pixels,
                    vae,
                    shared_evaluations(queries, signals),
                )
                for name, signal in signals.items():
                    for rows in batch.slices([query for query in queries if query.signal == name]):
                        values = signal.module.measure(batch, rows).cpu().numpy()
                        writer.add(name, [chunk[i] for i in rows.image.tolist()], rows, values)
                        rows_left.update(len(values))
                evals += batch.evals
    writer.close()
    seconds = time.monotonic() - start
    folder = next(iter(signals.values())).ledger.folder
    keep_speed(folder, writer.provenance["device"], evals, seconds)
    print(
        f"measured {evals} evals in {seconds:.1f} s: {evals / seconds:.0f} evals/s on {device}",
        file=sys.stderr,
    )
    return evals


def shared_evaluations(queries: Sequence[Query], signals: Mapping[str, Any]) -> frozenset[Hashable]:
    """Evaluations that more than one of `signals` needs for `queries`."""
    needed = {name: set() for name in signals}
    for query in queries:
        needed[query.signal] |= signals[query.signal].module.predictions(query)
    counts = Counter(evaluation for mine in needed.values() for evaluation in mine)
    return frozenset(evaluation for evaluation, count in counts.items() if count > 1)


class _Writer:
    """Collects measured rows and appends them to the ledger every few seconds."""

    def __init__(self, signals, hashes: pd.DataFrame, seconds: float, provenance: dict) -> None:
        self.signals, self.hashes, self.seconds = signals, hashes, seconds
        self.provenance, self.pending, self.since = provenance, {}, time.monotonic()

    def add(self, name: str, image_ids: list[str], rows: Rows, values: np.ndarray) -> None:
        self.pending.setdefault(name, []).append((image_ids, rows.queries, values))
        if time.monotonic() - self.since > self.seconds:
            self.flush()

    def flush(self) -> None:
        for name, parts in self.pending.items():
            ids = [image_id for image_ids, _, _ in parts for image_id in image_ids]
            queries = [query for _, queries, _ in parts for query in queries]
            values = np.concatenate([values for _, _, values in parts])
            if not np.isfinite(np.nanmax(np.abs(values), initial=0)):
                raise RuntimeError(
                    f"signal {name}: a measured value is infinite; dtype {self.provenance['dtype']}"
                )
            kinds = ["null" if query.condition == "null" else "caption" for query in queries]
            columns = {kind: self.hashes[kind].to_dict() for kind in ("null", "caption")}
            frame = pd.DataFrame(values, columns=list(self.signals[name].module.MEASURES))
            frame.insert(0, "query", [query.name for query in queries])
            frame.insert(
                0, "input_hash", [columns[kind][i] for kind, i in zip(kinds, ids, strict=True)]
            )
            frame.insert(0, "image_id", ids)
            self.signals[name].ledger.append(name, frame, self._metadata(name))
        self.pending, self.since = {}, time.monotonic()

    def close(self) -> None:
        self.flush()
        for name, signal in self.signals.items():
            signal.ledger.compact(name, self._metadata(name))

    def _metadata(self, name: str) -> dict[str, Any]:
        return {"fingerprint": self.signals[name].fingerprint, **self.provenance}


def _read_latents(path: str) -> tuple[np.ndarray, dict[str, int]]:
    with safe_open(path, "numpy") as file:
        image_ids = json.loads(file.metadata()["image_id"])
        return file.get_tensor("z0"), {image_id: i for i, image_id in enumerate(image_ids)}


def _even_chunks(items: list[str], size: int) -> list[list[str]]:
    """Cut into as few chunks of at most `size` as possible, nearly equal in length."""
    count = -(-len(items) // size)
    return [items[len(items) * i // count : len(items) * (i + 1) // count] for i in range(count)]


def _provenance(model, settings, device: str, threads: int) -> dict[str, Any]:
    """Recorded with every segment, not part of any key."""
    return {
        "weights": model["weights"],
        "device": device if device == "cpu" else torch.cuda.get_device_name(),
        "dtype": settings["dtype"],
        "batch_size": settings["batch_size"],
        "threads": threads,
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "python": platform.python_version(),
        },
    }
