"""What it costs to make the images of a target's third side, before anything is asked of them."""

from __future__ import annotations

from pathlib import Path

from mia import result_paths, storage
from mia.config.experiment import Experiment
from mia.config.model_settings import generate
from mia.cost.signals import SignalCost
from mia.signals.shared.outputs import conditions

LINE = "made images"


def making_costs(
    experiment: Experiment, results: Path, model: str, image_set: str
) -> list[SignalCost]:
    """Return the cost of the images of a set as one line; none where `model` does not make them."""
    target = experiment.maker(image_set)
    if target is None or model != experiment.models_of(target)[0]:
        return []
    told = generate(experiment, image_set)
    images = experiment.config["image_sets"][image_set]["images"]
    each = told["steps"] * len(conditions(told["condition"], told["guidance"]))
    places = [
        results / result_paths.DOWNLOADS.format(set=image_set, shard=shard)
        for shard in experiment.shards(image_set)
    ]
    done = sum(len(storage.read(path, ["key"])) for path in places if path.is_file())
    left = max(0, images - done)
    return [
        SignalCost(
            signal=LINE,
            queries=0,
            wanted=images,
            held=images - left,
            image_evals=each,
            evals=each * left,
            image_backwards=0,
            backwards=0,
            image_generations=1,
            generations=left,
            image_embeddings=0,
            embeddings=0,
            numbers=0,
            listed=0,
            kept=0,
        )
    ]
