"""Whether the references of a target are models of which it is known what they learnt."""

from __future__ import annotations

from mia.attacks.shared.contract import traits_of
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment


def check_references(experiment: Experiment, target: str, sides: set[tuple[str, str]]) -> None:
    """Raise a ConfigError for the first model that cannot be one of a target's references.

    The target's own model is none, nor is a control or a replicate: an attack would be fitted on
    the losses that it scores. Nor is a model trained on the target's own members and no nonmember,
    whose labels would be the target's. A shadow model is nothing but a reference. Some attack has
    to read them, and each that does needs so many.

    Args:
        sides: Every (set, part) of the target's members and nonmembers.
    """
    key, model = f"targets.{target}", experiment.config["targets"][target].get("model")
    scored = {
        "model": (model,) if model else (),
        "control": experiment.controls(target),
        "replicates": experiment.replicates(target),
    }
    for field, names in scored.items():
        for name in filter(experiment.is_shadow, names):
            raise ConfigError(
                f"{key}.{field}: {name!r} is a shadow model, which learnt a random half; expected "
                "it under `references` alone"
            )
    references = experiment.references(target)
    if references and not any(
        traits_of(experiment.attack_on(target, name)).reads_references
        for name in experiment.attacks_of(target)
    ):
        raise ConfigError(
            f"{key}.references: no attack on it reads them; expected `lira`, `bavaria` or an entry "
            "with `learns_from: references`"
        )
    _check_enough(experiment, target)
    tried = {name: field for field, names in scored.items() for name in names}
    learnt = experiment.trained_on(model) if model and references else None
    for name in references:
        if name in tried:
            raise ConfigError(
                f"{key}.references: {name!r} is under `{tried[name]}` too, so attacks would be "
                "fitted on the losses that they score"
            )
        _check_known(experiment, name, f"{key}.references")
        own, shadow = experiment.trained_on(name), experiment.is_shadow(name)
        if learnt is None or own is None or shadow:
            continue
        if own & sides and own & sides == learnt & sides:
            raise ConfigError(
                f"{key}.references: {name!r} was trained on the same images of the target as "
                f"{model!r}: its labels would be the target's; expected it under `replicates`"
            )


def _check_enough(experiment: Experiment, target: str) -> None:
    """Check that there are as many references as each attack on a target needs."""
    references = experiment.references(target)
    alike = len({_half(experiment, name) for name in references})
    for name in experiment.attacks_of(target) if references else ():
        traits = traits_of(experiment.attack_on(target, name))
        if len(references) < traits.fewest_references or alike < traits.fewest_alike:
            raise ConfigError(
                f"targets.{target}.references: attacks.{name} needs {traits.fewest_references} at "
                f"least, {traits.fewest_alike} of them on one side of an image, trained on it or "
                f"not; here are {len(references)}, at most {alike} of them on one side"
            )


def _half(experiment: Experiment, model: str) -> tuple[str, ...]:
    """Return what is equal for two shadow models of one training that learn opposite halves."""
    if not experiment.is_shadow(model):
        return (model,)
    training = str(experiment.training(model))
    pair = (experiment.half_of(training)["half"]["number"] - 1) // 2
    return training.rpartition("-")[0], str(pair)


def _check_known(experiment: Experiment, model: str, key: str) -> None:
    """Check that it is known what a model was trained on."""
    spec = experiment.config["models"][model]
    if "lora" in spec and "trained_on" not in spec:
        raise ConfigError(
            f"{key}: what the adapter of {model!r} was trained on is not known here; expected a "
            "model without `lora`, or with `trained_on`"
        )
    if experiment.training(model) is None and "trained_on" not in spec:
        raise ConfigError(
            f"{key}: what {model!r} was trained on is not known; expected `trained_on`, a table, "
            f"under models.{model}"
        )
