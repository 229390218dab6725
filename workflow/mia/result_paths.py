"""Where every file of an experiment lies, below its results folder: one template for each kind.

A name in braces stands for one folder or a part of a file's name; `{query}` is the path of a query
below its signal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

AnyPath = TypeVar("AnyPath", str, Path)

PLAN = "images/{set}/plan/{shard}.parquet"
PICTURES = "images/{set}/raw/{shard}/pictures.tar"
DOWNLOADS = "images/{set}/raw/{shard}/downloads.parquet"
ROWS = "images/{set}/rows/{shard}.parquet"
EMBEDDINGS = "images/{set}/embeddings/{encoder}/{channel}/{shard}.parquet"
MANIFEST = "images/{set}/manifest.parquet"
PAIRS = "images/{set}/pairs.parquet"
ENCODER = "encoders/{encoder}.json"
VAE = "training/{training}/vae/vae.json"
CHECKPOINT = "training/{training}/checkpoints/{epoch}"
CHECKPOINTS = "training/{training}/index.json"
SAMPLES = "training/{training}/samples.png"
TRAINING_LEDGER = "ledger/train"
MODEL = "models/{model}/model.json"
LATENTS = "latents/{vae}/{set}/{shard}.safetensors"
LEDGER = "ledger/measure/{model}/{set}"
SIGNALS = "signals/{model}/{set}/{signal}/{shard}.parquet"
QUERIES = "queries/{model}/{set}/{signal}/{query}.parquet"
ESTIMATES = "queries/{model}/{set}/estimates.json"
MEMBERSHIP = "targets/{target}/membership.parquet"
TARGET_PAIRS = "targets/{target}/pairs.parquet"
SCORES = "scores/{target}/{attack}.parquet"
METRICS = "metrics/{target}/{attack}.json"
AUDIT = "audit/{target}.json"
FIGURE = "figures/{target}-{figure}.svg"
REPORT = "report.html"
FILES = (
    *(PLAN, PICTURES, DOWNLOADS, ROWS, EMBEDDINGS, MANIFEST, PAIRS, ENCODER, VAE, CHECKPOINTS),
    *(SAMPLES, MODEL, LATENTS, SIGNALS, QUERIES, ESTIMATES, MEMBERSHIP, TARGET_PAIRS, SCORES),
    *(METRICS, AUDIT, FIGURE, REPORT),
)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    for place in range(0, len(parts), 2):
        parts[place] = re.escape(parts[place])
    for place in range(1, len(parts), 2):
        parts[place] = f"(?P<{parts[place]}>[^/]+)"
    return re.compile("(?:.*/)?" + "".join(parts), re.DOTALL)


def names(template: str, path: str | Path) -> dict[str, str]:
    """Return what each name in the braces of `template` stands for in `path`.

    The path may begin with any folders.

    Raises:
        ValueError: The path does not end as the template does.

    >>> names(SCORES, "results/default/scores/fair/pia.parquet")
    {'target': 'fair', 'attack': 'pia'}
    """
    found = _pattern(template).fullmatch(str(path))
    if not found:
        raise ValueError(f"{path}: expected a path that ends in {template}")
    return found.groupdict()


def by_name(template: str, name: str, paths: Iterable[AnyPath]) -> dict[str, AnyPath]:
    """Return `paths` by what `name`, one of the template's braces, stands for in each.

    >>> by_name(MANIFEST, "set", ["results/images/mine/manifest.parquet"])
    {'mine': 'results/images/mine/manifest.parquet'}
    """
    return {names(template, path)[name]: path for path in paths}
