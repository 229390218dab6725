"""What the trainings of a config cost that are not done yet, shadow models among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mia import result_paths, storage
from mia.config.experiment import Experiment
from mia.cost.hours import BACKWARD, Hours, in_hours
from mia.cost.pictures import most_of

LINE = "{:<28}{:>8}{:>10}{:>9}{:>15}{:>11}  {}".format
HEAD = ("training", "models", "images", "epochs", "evals", "hours", "basis")


@dataclass(frozen=True)
class TrainingCost:
    """A training, or the shadow models of one, which cost alike.

    Args:
        name: Of the training.
        models: How many models are still to be trained.
        images: What each learns; None if nobody knows yet.
        epochs: Passes over them.
        seconds: Of one eval; None if nobody knows.
        basis: What the time rests on, or why it is not known.
    """

    name: str
    models: int
    images: int | None
    epochs: int
    seconds: float | None
    basis: str

    @property
    def evals(self) -> int | None:
        """Passes forward, and `BACKWARD` for each pass backward, of all models together."""
        if self.images is None:
            return None
        return self.models * self.images * self.epochs * (1 + BACKWARD)


def training_costs(experiment: Experiment, results: Path, hours: Hours) -> list[TrainingCost]:
    """Return the cost of each training that is not done; shadow models of one stand together."""
    found: dict[tuple[str, bool], TrainingCost] = {}
    for name, training in _undone(experiment, results):
        spec = experiment.config["training"][name]
        is_half = "half" in spec
        place = (training, is_half)
        models = 1 + (found[place].models if place in found else 0)
        seconds, basis = _pace(experiment, hours, name)
        called = f"{training}, its shadows" if is_half else name
        images = _images(experiment, results, name)
        found[place] = TrainingCost(called, models, images, spec["epochs"], seconds, basis)
    return list(found.values())


def training_lines(experiment: Experiment, results: Path, hours: Hours) -> list[str]:
    """Return the lines that say what training costs; none where all is done."""
    costs = training_costs(experiment, results, hours)
    if not costs:
        return []
    lines = ["", "Training still to be done, before duplicates are known at most:", LINE(*HEAD)]
    for cost in costs:
        images = "?" if cost.images is None else f"{cost.images:,}"
        evals = "?" if cost.evals is None else f"{cost.evals:,}"
        known = cost.evals is not None and cost.seconds is not None
        time = in_hours((cost.evals or 0) * (cost.seconds or 0) if known else None)
        shown = (cost.name, cost.models, images, cost.epochs, evals, time, cost.basis)
        lines.append(LINE(*shown))
    return [*lines, f"A backward pass is counted as {BACKWARD} evals. A VAE is not counted."]


def _undone(experiment: Experiment, results: Path) -> Iterator[tuple[str, str]]:
    """Yield each training that is not done, and the one whose shadow it is, or itself."""
    for name, spec in experiment.config["training"].items():
        if not (results / result_paths.CHECKPOINTS.format(training=name)).is_file():
            yield name, spec["half"]["of"] if "half" in spec else name


def _images(experiment: Experiment, results: Path, training: str) -> int | None:
    image_set, parts = experiment.learnt_parts(training)
    manifest = results / result_paths.MANIFEST.format(set=image_set)
    if manifest.is_file():
        rows = storage.read(manifest, ["part", "kept"])
        count = int((rows["kept"].astype(bool) & rows["part"].isin(parts)).sum())
    elif (most := most_of(experiment.config["image_sets"][image_set], parts)) is None:
        return None
    else:
        count = most
    return count // 2 if "half" in experiment.config["training"][training] else count


def _pace(experiment: Experiment, hours: Hours, training: str) -> tuple[float | None, str]:
    """Return the seconds of one eval of what a training makes, at the pace of measuring."""
    models = experiment.config["models"]
    own = next((name for name in models if experiment.training(name) == training), None)
    if own is None:
        return None, "no model is taken from it"
    device = experiment.config["measure"]["device"]
    if experiment.config["training"][training]["device"] != device:
        return None, f"it does not run on {device}, where measuring does"
    pace = hours.pace(own)
    return pace.seconds, pace.basis
