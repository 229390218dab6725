"""Whether outputs of a model are compared with images by the encoder of `audit.embedding`."""

from __future__ import annotations

from collections.abc import Iterable

from mia.config.experiment import Experiment
from mia.query import Query
from mia.signals.shared.evals import compares_embeddings


def output_encoder(experiment: Experiment, queries: Iterable[Query]) -> dict[str, dict[str, str]]:
    """Return `path` and `sha256` under `embedding` if some of `queries` ask the encoder, else none.

    It is what the stage `measure` is told.
    """
    if not any(map(compares_embeddings, queries)):
        return {}
    spec = experiment.config["audit"]["embedding"]
    return {"embedding": {key: spec[key] for key in ("path", "sha256")}}
