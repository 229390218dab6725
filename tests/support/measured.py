"""Measure queries on given latents and hand the rows to attacks, without files."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from mia.evidence import Evidence
from mia.measuring.answer import answer, together
from mia.measuring.batch import Batch
from mia.query import Query
from toy import ToyAutoencoder


def measured(
    denoiser,
    z0: np.ndarray,
    captions: Sequence[str],
    queries: Sequence[Query],
    seed=0,
    size=7,
    pixels=None,
    autoencoder=None,
    alternates=None,
    embed_image=None,
) -> dict[str, pd.DataFrame]:
    """Signal name to long table, as attacks get it.

    `pixels` are the images `(images, 3, height, width)`, `autoencoder` the toy one by default.
    """
    image_ids = [f"image{number}" for number in range(len(z0))]
    vae = autoencoder or ToyAutoencoder()
    read = None if pixels is None else lambda _: torch.from_numpy(pixels)
    z0 = torch.from_numpy(z0)
    batch = Batch(denoiser, image_ids, z0, captions, seed, size, read, vae)
    batch.alternates, batch.embed_image = alternates or {}, embed_image
    tables: dict[str, list[pd.DataFrame]] = {}
    for name in sorted({query.signal for query in queries}):
        module = importlib.import_module(f"mia.signals.{name}")
        for rows in batch.slices([query for query in queries if query.signal == name]):
            columns = answer(module, module.measure(batch, rows))
            table = together(module, [(len(rows.queries), columns)])
            fields = pd.DataFrame([query.fields() for query in rows.queries])
            table.insert(0, "image_id", [image_ids[i] for i in rows.image.tolist()])
            tables.setdefault(name, []).append(pd.concat([fields, table], axis=1))
    return {
        name: pd.concat(parts).sort_values(["image_id", "timestep", "draw"]).set_index("image_id")
        for name, parts in tables.items()
    }


def evidence(signals, reference=None, seed=0, alpha_bar=None, tensors=()) -> Evidence:
    """Evidence of every image in `signals`."""
    ids = sorted({image_id for table in signals.values() for image_id in table.index})
    about = {"alpha_bar": alpha_bar, "tensors": tuple(tensors), "seed": seed}
    return Evidence(tuple(ids), signals, reference or {}, **about)
