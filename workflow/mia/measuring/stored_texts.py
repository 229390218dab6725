"""What a model is told of texts, embedded before it is measured, where its text encoders are large.

Text encoders such as T5-XXL take more memory than a GPU has to spare beside the model that is
queried. So all texts of a job are embedded first, one file each in a temporary folder; then the
encoders are dropped, and then the model is loaded. The folder is `tempfile`'s, so `TMPDIR` says
where it lies. FLUX.1's files are 8 MB each.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mia.measuring.batch import Batch
from mia.measuring.measure_job import MeasureJob
from mia.measuring.missing import by_need
from mia.models.conditioning import Conditioning
from mia.models.denoiser import PartedDenoiser
from mia.models.sampler import Sampler
from mia.query import Query
from mia.signals.shared.contract import traits_of

LARGE = 2 * 2**30  # bytes of the text encoders' files, from which on they are dropped
AT_ONCE = 64  # images whose texts are looked at together


def are_large(model: Mapping[str, Any], encoders: Sequence[str]) -> bool:
    """Return whether the files of a model's text encoders, by model.json, exceed `LARGE`."""
    paths = [Path(name) for name in model["files"] if Path(name).parts[0] in encoders]
    sizes = [Path(model["folder"], path).stat().st_size for path in paths]
    return sum(sizes) > LARGE


class StoredTexts:
    """A `mia.models.denoiser.Denoiser` that is told texts from files, without its text encoders.

    Each text is embedded by itself, so that a file depends on no other text. A text that no file
    holds is embedded when it is asked for: the encoders are loaded for it, and the model again
    afterwards. Text encoders and model are never there together.

    Args:
        denoiser: The model.
    """

    def __init__(self, denoiser: PartedDenoiser) -> None:
        self._denoiser = denoiser
        self._folder = TemporaryDirectory(prefix="texts-")
        self.alpha_bar, self.latent_shape = denoiser.alpha_bar, denoiser.latent_shape

    def gather(self, job: MeasureJob, batch_of: Callable[[list[str]], Batch]) -> None:
        """Embed every text that measuring `job` will ask for, and drop the text encoders.

        Args:
            job: With what is missing.
            batch_of: Image ids to a batch of them with this denoiser.
        """
        for queries, image_ids in by_need(job.missing):
            for start in range(0, len(image_ids), AT_ONCE):
                batch = batch_of(image_ids[start : start + AT_ONCE])
                self._keep(foreseen(job, queries, batch))
        self.keep(())

    def keep(self, texts: Iterable[str]) -> None:
        """Embed texts, and what is told where no caption is given, and drop the text encoders."""
        self._store("null", lambda: self._denoiser.null)
        self._keep(texts)
        self._drop(self._denoiser.text_encoders)

    def _keep(self, texts: Iterable[str]) -> None:
        for text in sorted({*texts}):
            self._store(_digest(text), partial(self._denoiser.embed, [text]))

    @property
    def null(self) -> Conditioning:
        """One row: what the family is told where no caption is given."""
        return self._stored("null", lambda: self._denoiser.null)

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return what the model is told of each caption, one row each."""
        embed = self._denoiser.embed
        found = [self._stored(_digest(text), partial(embed, [text])) for text in captions]
        return Conditioning.joined(found)

    def blank(self, rows: int) -> Conditioning:
        """Return a conditioning of zeros in the shapes that the model expects."""
        return self._denoiser.blank(rows)

    def of_images(
        self, conditioning: Conditioning, sizes: Sequence[tuple[int, int]]
    ) -> Conditioning:
        """Return the conditioning with what the model is told of the images themselves."""
        return self._denoiser.of_images(conditioning, sizes)

    def epsilon(self, z: Tensor, timestep: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the noise estimate ε̂(z, t, c); the text encoders are gone by then."""
        self._drop(self._denoiser.text_encoders)
        return self._denoiser.epsilon(z, timestep, conditioning)

    @property
    def weights(self) -> Any:
        """The module that `epsilon` calls; the text encoders are gone by then."""
        self._drop(self._denoiser.text_encoders)
        return self._denoiser.weights

    def sampler(self, steps: int) -> Sampler:
        """Return a new chain of the scheduler of the model's own pipeline, of that many steps."""
        return self._denoiser.sampler(steps)

    def output(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the model's own output; the text encoders are gone by then."""
        self._drop(self._denoiser.text_encoders)
        return self._denoiser.output(x, time, conditioning)

    def _store(self, name: str, make: Callable[[], Conditioning]) -> None:
        """Keep a conditioning of one row, unless it is kept already."""
        if not self._path(name).exists():
            self._drop(self._denoiser.queried)
            tensors = make().to("cpu").tensors
            kept = {key: tensor.contiguous() for key, tensor in tensors.items()}
            save_file(kept, self._path(name))

    def _stored(self, name: str, make: Callable[[], Conditioning]) -> Conditioning:
        """Return a conditioning of one row, made where it is not kept."""
        if self._path(name).exists():
            return Conditioning(load_file(self._path(name))).to(self.alpha_bar.device)
        self._drop(self._denoiser.queried)
        return make()

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, f"{name}.safetensors")

    def _drop(self, parts: Sequence[str]) -> None:
        if self._denoiser.drop(parts):
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def foreseen(job: MeasureJob, queries: Sequence[Query], batch: Batch) -> Iterable[str]:
    """Return the texts that a batch will ask for: captions, alternates, those of signals."""
    yield from batch.captions
    for condition in sorted({query.condition for query in queries}):
        name = condition.removeprefix("alt-")
        if name != condition:
            yield from batch.alternates[name]
    for name, signal in job.signals.items():
        asked = [query for query in queries if query.signal == name]
        yield from traits_of(signal.module).embeds(batch, asked)
