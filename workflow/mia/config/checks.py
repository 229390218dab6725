"""What a schema cannot say about a config: names that must exist, sets that must not overlap."""

from __future__ import annotations

from functools import partial
from math import isfinite
from typing import Any

from mia.attacks.shared.contract import traits_of
from mia.config.attacks import attack_module, is_external
from mia.config.before_after import check_comparisons
from mia.config.check_conditions import check_told
from mia.config.check_embeddings import check_agreement, check_audit
from mia.config.check_generated import check_generated
from mia.config.check_image_sets import mistakes
from mia.config.check_kinds import check_blocks, check_imageless, check_kind, check_training_images
from mia.config.check_others import check_others
from mia.config.check_precision import check_precision
from mia.config.errors import ConfigError, all_of, require_known
from mia.config.experiment import Experiment
from mia.config.kinds import SCORES_ONLY
from mia.config.materials import SIDES, as_set
from mia.models.distilled_names import name_mistake
from mia.models.family import TEXT, TOLD
from mia.models.single_file import PICKLES

NEEDED = {"training": ("training",), "path": ("path",), "hub": ("repo", "revision")}


def check(experiment: Experiment) -> None:
    """Check image sets, trainings, models, attacks and targets. No file is looked at.

    Raises:
        ConfigError: A line for each mistake, with the key, what was found and what was expected.
    """
    config = experiment.config
    check_blocks(experiment)
    all_of(partial(check_kind, experiment, name) for name in config["targets"])
    # First, as what a model has learnt is asked of its base too, and of the base's base.
    all_of(partial(_check_base, experiment, name) for name in config["training"])
    all_of(
        [
            *(partial(_check_image_set, experiment, name) for name in config["image_sets"]),
            *(partial(_check_training, experiment, name) for name in config["training"]),
            *(partial(_check_model, experiment, name) for name in config["models"]),
            lambda: experiment.attacks,  # builds each, so that a misspelt parameter stops here
            *(partial(_check_coverage, experiment, name) for name in config["attacks"]),
            lambda: _check_beside(experiment),
            lambda: check_precision(experiment),
            *(partial(_check_target, experiment, name) for name in config["targets"]),
            lambda: check_audit(experiment),
            lambda: check_generated(experiment),
        ]
    )
    check_comparisons(experiment)


def _check_image_set(experiment: Experiment, name: str) -> None:
    if lines := list(mistakes(experiment.config["image_sets"][name], f"image_sets.{name}")):
        raise ConfigError("\n".join(lines))


def _check_training(experiment: Experiment, name: str) -> None:
    training, key = experiment.config["training"][name], f"training.{name}"
    for field in ("set", "representation_set"):
        if field in training:
            experiment.parts(training[field], f"{key}.{field}")
    check_training_images(experiment, name)
    if late := [epoch for epoch in training.get("keep", []) if epoch > training["epochs"]]:
        raise ConfigError(f"{key}.keep: {late} after the last epoch, {training['epochs']}")


def _check_base(experiment: Experiment, training: str) -> None:
    models, trainings = experiment.config["models"], experiment.config["training"]
    base, key = trainings[training].get("base"), f"training.{training}.base"
    if base is None:
        return
    require_known(base, models, key, "model")
    before, seen = base, {training}
    while (made_by := models.get(before, {}).get("training")) is not None:
        if made_by in seen:
            raise ConfigError(f"{key}: {base!r} comes from training {made_by!r} itself")
        seen.add(made_by)
        before = trainings.get(made_by, {}).get("base")
    if models[base]["source"] != "training" and base in experiment.config["training"]:
        raise ConfigError(f"{key}: a training is called {base!r} too; give it another name")
    if (told := experiment.condition(base)) != TEXT:
        raise ConfigError(
            f"{key}: {base!r} is told {TOLD[told]} of an image; expected a Stable Diffusion, the "
            "only family that is fine-tuned here"
        )


def _check_model(experiment: Experiment, name: str) -> None:
    spec, key = experiment.config["models"][name], f"models.{name}"
    if lacks := [field for field in NEEDED[spec["source"]] if field not in spec]:
        names = ", ".join(map(repr, lacks))
        raise ConfigError(f"{key}: missing key {names} (source {spec['source']})")
    if spec["source"] == "hub" and (wrong := name_mistake(spec["repo"].partition("/")[2])):
        raise ConfigError(f"{key}.repo: {wrong}; if it is not, give a copy by `source: path`")
    if spec["source"] == "training":
        require_known(
            spec["training"], experiment.config["training"], f"{key}.training", "training"
        )
        kept = experiment.kept_epochs(spec["training"])
        if spec.get("epoch", kept[-1]) not in kept:
            raise ConfigError(
                f"{key}.epoch: training {spec['training']!r} does not keep {spec['epoch']}; "
                f"it keeps {', '.join(map(str, kept))}"
            )
    if "lora" in spec:
        _check_adapter(spec["lora"], f"{key}.lora")


def _check_adapter(lora: dict[str, Any], key: str) -> None:
    """Check that an adapter is a file here or one of the hub, and that it changes something."""
    if ("path" in lora) == ("repo" in lora):
        raise ConfigError(f"{key}: expected either `path`, or `repo` and `revision`")
    if ("repo" in lora) != ("revision" in lora):
        raise ConfigError(f"{key}: expected `repo` and `revision` together")
    for field in ("repo", "weight_name") if "repo" in lora else ():
        if wrong := name_mistake(lora.get(field, "").rpartition("/")[2]):
            raise ConfigError(f"{key}.{field}: {wrong}; if it is not, give a copy by `path`")
    if lora.get("weight_name", "").endswith(PICKLES):
        raise ConfigError(
            f"{key}.weight_name: {lora['weight_name']}: a pickle can run code when it is opened "
            "and is refused; expected a file with the ending .safetensors"
        )
    if not isfinite(lora["scale"]) or lora["scale"] == 0:
        raise ConfigError(f"{key}.scale: {lora['scale']}; expected a finite number other than 0")


def _check_coverage(experiment: Experiment, attack: str) -> None:
    """Check that the targets that a file of scores covers exist."""
    row = experiment.config["attacks"][attack]
    for target in row.get("targets", ()) if is_external(row) else ():
        key = f"attacks.{attack}.targets"
        require_known(target, experiment.config["targets"], key, "target")
        if experiment.kind(target) == SCORES_ONLY:
            raise ConfigError(
                f"{key}: {target!r} has scores alone; expected a target with image sets, or one "
                "more column in its own table"
            )


def _check_beside(experiment: Experiment) -> None:
    """Check that the baselines are there without which an attack would be read wrongly."""
    entries = experiment.config["attacks"]
    there = {attack_module(name, entry) for name, entry in entries.items()}
    lines = [
        f"attacks.{name}: expected an entry `{other}: {{}}` too, which says what it rests on"
        for name, attack in experiment.attacks.items()
        for other in traits_of(attack).beside
        if other not in there
    ]
    if lines:
        raise ConfigError("\n".join(lines))


def _check_target(experiment: Experiment, name: str) -> None:
    target, key = experiment.config["targets"][name], f"targets.{name}"
    if experiment.kind(name) == SCORES_ONLY:
        return
    named = {
        "model": experiment.models_of(name)[:1],
        "control": experiment.controls(name),
        "replicates": experiment.replicates(name),
        "references": experiment.references(name),
    }
    for field, model in ((field, model) for field, models in named.items() for model in models):
        require_known(model, experiment.config["models"], f"{key}.{field}", "model")
    members, nonmembers = (
        as_set(experiment.parts(target[side], f"{key}.{side}")) for side in SIDES
    )
    check_imageless(experiment, name)
    check_told(experiment, name)
    if not experiment.attacks_of(name):
        raise ConfigError(f"{key}: none of `attacks` exists on it; add a blind baseline")
    _check_alternates(experiment, name)
    check_agreement(experiment, name)
    if members & nonmembers:
        shared = ", ".join(sorted(map(":".join, members & nonmembers)))
        raise ConfigError(f"{key}: {shared} is both in members and in nonmembers")
    check_others(experiment, name, members | nonmembers)


def _check_alternates(experiment: Experiment, name: str) -> None:
    """Check that a target's sets declare every other caption that its attacks read."""
    sets = experiment.config["image_sets"]
    for attack in experiment.attacks_of(name):
        for query in experiment.attack_on(name, attack).queries:
            if not query.condition.startswith("alt-"):
                continue
            for image_set in experiment.sets(name):
                declared = [f"alt-{other}" for other in sets[image_set].get("alternates", ())]
                if query.condition not in declared:
                    raise ConfigError(
                        f"attacks.{attack}: condition {query.condition!r}: image set {image_set!r} "
                        f"declares {', '.join(declared) or 'no alternates'}"
                    )
