"""Whether the arithmetic that a config names has the range that its attacks need."""

from __future__ import annotations

from mia.access import WHITE_BOX
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment

TOO_NARROW = "float16"


def check_precision(experiment: Experiment) -> None:
    """Raise a ConfigError where gradients are asked for in float16.

    Small gradients become 0 there and large ones infinite, unless losses are scaled as in training.
    """
    if experiment.config["measure"]["dtype"] != TOO_NARROW:
        return
    names = [n for n, attack in experiment.attacks.items() if attack.access == WHITE_BOX]
    if names:
        raise ConfigError(
            f"measure.dtype: {TOO_NARROW}: attacks.{', attacks.'.join(names)}: takes gradients, "
            f"for which {TOO_NARROW} has no range; expected float32 or bfloat16"
        )
