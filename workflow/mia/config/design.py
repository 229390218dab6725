"""How a target's sides came to be, and what may be claimed about the target for that reason."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from mia.config.experiment import Experiment
from mia.config.kinds import SCORES_ONLY
from mia.config.materials import SIDES, as_set
from mia.images.sources.shared.shelf import source


class Side(TypedDict):
    """One side of a target.

    `dealt` says that a split dealt only the rows whose image was there to its parts; the others are
    in another part. `captions_only` is there, and true, where the set has no images.
    """

    set: str
    parts: tuple[str, ...]
    dealt: bool
    captions_only: NotRequired[bool]


def sides(experiment: Experiment, target: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the (set, part) pairs of the members and of the nonmembers."""
    spec = experiment.config["targets"][target]
    members, nonmembers = (as_set(experiment.parts(spec[side])) for side in SIDES)
    return members, nonmembers


def trained_here(experiment: Experiment, target: str) -> bool:
    """Return whether the target has a model and the pipeline trains all of it."""
    model = experiment.config["targets"][target].get("model")
    return model is not None and (
        experiment.training(model) is not None and "lora" not in experiment.config["models"][model]
    )


def is_claimed(experiment: Experiment, target: str) -> bool:
    """Return whether the target's members are only claimed to have been trained on."""
    return experiment.config["targets"][target].get("members_are") == "claimed"


def learns_members(experiment: Experiment, target: str) -> bool:
    """Return whether the target's model is trained here, on its members and no nonmember.

    Of members that are only claimed this is not told.
    """
    if not trained_here(experiment, target) or is_claimed(experiment, target):
        return False
    members, nonmembers = sides(experiment, target)
    learnt = experiment.trained_on(experiment.config["targets"][target]["model"])
    if learnt is None:
        return False
    return members <= learnt and not nonmembers & learnt


def is_control(experiment: Experiment, target: str) -> bool:
    """Return whether the target's model is trained here, from nothing, on neither side.

    Of members that are only claimed this is not told.
    """
    if not trained_here(experiment, target) or is_claimed(experiment, target):
        return False
    members, nonmembers = sides(experiment, target)
    model = experiment.config["targets"][target]["model"]
    learnt = experiment.trained_on(model)
    if learnt is None or experiment.base(model):
        return False
    return not learnt & (members | nonmembers)


def is_by_design(experiment: Experiment, target: str) -> bool:
    """Return whether both sides come from one set's seeded split, with nothing chosen since.

    If so, the sides are exchangeable.
    """
    spec = experiment.config["targets"][target]
    if experiment.kind(target) == SCORES_ONLY:
        return False
    (members, some), (nonmembers, others) = (experiment.parts(spec[side]) for side in SIDES)
    split = experiment.config["image_sets"][members].get("split", {})
    chosen = spec["match"] != "none" or {"isolate", "known"} & spec.keys()
    return members == nonmembers and not chosen and {*some, *others} <= {*split}


def is_randomised(experiment: Experiment, target: str) -> bool:
    """Return whether the split that made the sides also decided what the model was trained on."""
    return is_by_design(experiment, target) and learns_members(experiment, target)


def side(experiment: Experiment, target: str, name: str) -> Side:
    """Return one of `SIDES` of a target."""
    image_set, parts = experiment.parts(experiment.config["targets"][target][name])
    split = experiment.config["image_sets"][image_set].get("split")
    dealt = {*split, "rest"} if split else set()
    some_only = bool(dealt & {*parts}) and not dealt <= {*parts}
    found: Side = {"set": image_set, "parts": parts, "dealt": some_only}
    return found if experiment.has_images(image_set) else {**found, "captions_only": True}


def is_shown(experiment: Experiment, image_set: str) -> bool:
    """Return whether the report may show images of a set."""
    choice = experiment.config["report"]["pictures"]
    kind = source(experiment.config["image_sets"][image_set]["source"])
    if not kind.has_images:
        return False
    return choice == "thumbnails" or (choice == "builtin" and kind.may_be_shown)
