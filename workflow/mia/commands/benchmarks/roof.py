"""The roof: how fast a bare U-Net loop is, and how near measuring comes to it."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from mia.commands.benchmarks.models import RandomDenoiser
from mia.measuring.answer import answer
from mia.measuring.batch import Batch
from mia.measuring.ledger import Ledger
from mia.measuring.ledger_writer import LedgerWriter
from mia.models.device import choose
from mia.query import Query

SIZES = {"cpu": (32, 64, 128, 256), "cuda": (16, 32, 64, 128)}
QUERIES = [Query("denoise", t, draw) for t in range(0, 1000, 100) for draw in (0, 1)]


class Roof:
    """Two loops over the same model: bare forward passes, and `denoise` as it is measured."""

    def __init__(self, name: str, device: str, dtype: str, threads: int, folder: Path) -> None:
        torch.set_num_threads(threads)
        self.device = choose(device)
        self.denoiser, self.folder = RandomDenoiser(name, self.device, dtype), folder
        self.size = 1
        self._rounds = 0

    def warm_up(self) -> None:
        """Find the batch size at which the bare loop is fastest."""
        speeds: dict[int, float] = {}
        for size in SIZES[self.device.split(":")[0]]:
            self.size = size
            try:
                self.bare(1)
                speeds[size] = self.bare(3)
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
        self.size = max(speeds, key=speeds.__getitem__)
        self.measured(1)

    def bare(self, seconds: float) -> float:
        """Evals/s of forward passes alone, on inputs made beforehand."""
        z = torch.randn(self.size, *self.denoiser.latent_shape, device=self.denoiser.device)
        timestep = torch.randint(1000, (self.size,), device=self.denoiser.device)
        told = self.denoiser.null.rows(torch.zeros_like(timestep))  # a copy a row
        evals, start = 0, self._now()
        while self._now() - start < seconds:
            for _ in range(4):
                self.denoiser.epsilon(z, timestep, told)
                evals += self.size
        return evals / (self._now() - start)

    @torch.inference_mode()
    def measured(self, seconds: float) -> float:
        """Evals/s of `denoise` with noise, reductions and the ledger's writes."""
        self._rounds += 1
        module = importlib.import_module("mia.signals.denoise")
        ledger = Ledger(self.folder / str(self._rounds))
        signal: Any = SimpleNamespace(
            module=module,
            ledger=ledger,
            fingerprint="bench",
            input_hashes=lambda ids, queries: ["0" * 24] * len(ids),
        )
        writer = LedgerWriter({"denoise": signal}, 30, {"dtype": "bench"})
        evals, number, start = 0, 0, self._now()
        while self._now() - start < seconds:
            ids = [f"{self._rounds}-{number}-{i}" for i in range(self.size)]
            z0 = torch.randn(self.size, *self.denoiser.latent_shape).to(self.denoiser.device)
            batch = Batch(self.denoiser, ids, z0, [""] * self.size, 0, self.size)
            for rows in batch.slices(QUERIES):
                values = answer(module, module.measure(batch, rows))
                writer.add("denoise", [ids[i] for i in rows.image.tolist()], rows.queries, values)
            evals, number = evals + batch.evals, number + 1
        writer.close()
        return evals / (self._now() - start)

    def _now(self) -> float:
        if self.denoiser.device.type == "cuda":
            torch.cuda.synchronize()
        return time.monotonic()
