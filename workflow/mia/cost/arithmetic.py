"""How much arithmetic each model of a config does, as far as its files or its training say."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia import result_paths, storage
from mia.config import stage_settings
from mia.config.experiment import Experiment
from mia.cost.latents import model_folder
from mia.models.description import ModelJson
from mia.models.flops import Flops, flops
from mia.models.model_json import ModelError
from mia.models.options import options_of

STABLE_DIFFUSION = Flops(  # counted as all others
    per_eval=803_273_441_280, per_encoding=1_116_658_466_816, tensors=686, pixels=512 * 512
)
# Settings in which trainings of one model differ, such as a shadow model's.
OF_NO_SHAPE = ("parts", "seed", "epochs", "keep", "half")


@dataclass(frozen=True)
class Counted:
    """The arithmetic of a model, or why it is not known.

    Args:
        flops: None if it is not known.
        basis: "", or what it rests on, or why it is not known.
    """

    flops: Flops | None
    basis: str = ""


class Arithmetic:
    """Counts the arithmetic of models, each once.

    Args:
        experiment: The config.
        results: Its folder of results.
    """

    def __init__(self, experiment: Experiment, results: Path) -> None:
        self._experiment, self._results = experiment, results
        self._found: dict[str, Counted] = {}

    def of(self, model: str) -> Counted:
        """Return what is known of a model.

        It is counted from the folder in its model.json, else from the folder of its source or the
        hub's cache, else from its training. A hub model that is not there yet is taken for Stable
        Diffusion 1.
        """
        described = self._results / result_paths.MODEL.format(model=model)
        training = self._experiment.training(model)
        if described.is_file():
            about: ModelJson = storage.read_json(described)
            place = about["folder"]
            return self._once(place, lambda: flops(Path(place), about["options"]))
        if training is None:
            return self._of_source(model)
        if base := self._experiment.config["training"][training].get("base"):
            return self.of(base)
        settings = stage_settings.train(self._experiment, training)
        shapes = {key: value for key, value in settings.items() if key not in OF_NO_SHAPE}
        return self._once(json.dumps(shapes, sort_keys=True), lambda: _of_training(settings))

    def _of_source(self, model: str) -> Counted:
        spec = self._experiment.config["models"][model]
        folder, options = model_folder(spec), options_of(spec)
        if folder is None:
            return _stable_diffusion(model)
        return self._once(f"{folder} {options}", lambda: flops(folder, options))

    def _once(self, key: str, count: Callable[[], Flops]) -> Counted:
        if key not in self._found:
            try:
                self._found[key] = Counted(count())
            except ModelError as error:
                self._found[key] = Counted(None, f"not known: {error}")
        return self._found[key]


def _of_training(settings: Mapping[str, Any]) -> Flops:
    from mia.models.training.outline import save_outline  # here: it imports torch

    with tempfile.TemporaryDirectory() as folder:
        save_outline(settings, Path(folder))
        return flops(Path(folder))


def _stable_diffusion(model: str) -> Counted:
    return Counted(
        STABLE_DIFFUSION, f"taken for Stable Diffusion 1, as {model} is not in the hub's cache"
    )
