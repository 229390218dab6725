"""What a ledger lacks of the queries of a model on an image set, those of caption controls too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from mia import result_paths
from mia.config.experiment import Experiment
from mia.config.materials import SIDES
from mia.config.output_encoder import output_encoder
from mia.measuring.image_encoder import encoder_inputs
from mia.measuring.ledger import Ledger
from mia.measuring.missing import input_hashes
from mia.measuring.other_captions import told
from mia.measuring.shard import captions_of
from mia.measuring.signal_coverage import SignalCoverage, shared_inputs
from mia.models.description import ModelJson
from mia.query import Query
from mia.told_captions import by_control, plain, target_of


def parts_told(experiment: Experiment, control: str, image_set: str) -> tuple[str, ...]:
    """Return the parts of an image set that are told the exchanged captions of a control."""
    target = experiment.config["targets"][target_of(control)]
    sides = [experiment.parts(target[side]) for side in SIDES]
    return tuple(part for name, parts in sides if name == image_set for part in parts)


def asked_of(
    experiment: Experiment, results: Path, image_set: str, rows: pd.DataFrame, control: str | None
) -> tuple[pd.DataFrame, bool]:
    """Return the images that are asked under a control, and whether their captions are known.

    Before captions are exchanged, these are all images of the sides of the control's target.

    Args:
        rows: Of the manifest, each image once: `mia.measuring.shard.kept_rows`.

    Returns:
        Index image_id, columns key, `caption` (the one told, if known) and `alt-<name>`.
    """
    images = captions_of(rows).assign(key=rows["key"].to_numpy())
    if control is None:
        return images, True
    target, tables = target_of(control), {}
    if target is not None:
        tables[target] = results / result_paths.OTHER_CAPTIONS.format(target=target)
        if not tables[target].is_file():
            there = rows["part"].isin(parts_told(experiment, control, image_set))
            return images[there.to_numpy()], False
    return told(
        images, control, results / result_paths.MANIFEST.format(set=image_set), tables
    ), True


def missing_of(
    experiment: Experiment,
    results: Path,
    model: ModelJson,
    image_set: str,
    rows: pd.DataFrame,
    repeat: bool = False,
) -> Counter[Query]:
    """Return how many images lack each query in the ledger; with `repeat`, a second time.

    All images lack an answer to what is told captions that are not known yet.
    """
    wanted = experiment.wanted(model["name"], image_set)
    settings = {**experiment.config["measure"], "seed": experiment.config["seed"]}
    encoder = encoder_inputs(output_encoder(experiment, wanted))
    inputs = shared_inputs(model, settings, repeat)
    ledger = Ledger(results / result_paths.LEDGER.format(model=model["name"], set=image_set))
    found: Counter[Query] = Counter()
    for control, queries in by_control(wanted).items():
        images, known = asked_of(experiment, results, image_set, rows, control)
        if not known:
            found.update(dict.fromkeys(queries, len(images)))
            continue
        hashes = input_hashes(images, inputs, encoder)
        asked = {plain(query): query for query in queries}
        for signal in sorted({query.signal for query in queries}):
            held = SignalCoverage(signal, model, ledger, hashes, tuple(asked))
            found.update({asked[query]: len(ids) for query, ids in held.missing.items()})
    return found
