"""What a training is told of the config, by both of its stages."""

from __future__ import annotations

from typing import Any

from mia.config.experiment import Experiment

# Keys of a training that hold names: another name for the same thing changes no weights.
NAMES = ("set", "representation_set", "like", "base", "shadows")


def training_settings(experiment: Experiment, training: str, key: str) -> dict[str, Any]:
    """Return how a training learns, its seed, and the parts of the set under `key` of its block.

    Without that key they are the parts that its U-Net learns. A shadow model learns a `half`.
    """
    spec = experiment.config["training"][training]
    learnt = experiment.learnt_parts(training)
    return {
        **{name: value for name, value in spec.items() if name not in (*NAMES, "half")},
        **experiment.half_of(training),
        "keep": experiment.kept_epochs(training),
        "parts": (experiment.parts(spec[key]) if key in spec and key != "set" else learnt)[1],
        "seed": spec.get("seed", experiment.config["seed"]),
    }
