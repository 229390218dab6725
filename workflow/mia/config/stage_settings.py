"""What each stage is told of the config, and nothing more: one function a stage.

A function's arguments after the experiment are names of the rule's wildcards. What it returns goes
to the stage as JSON in `--settings`; a job runs again when it changes.
"""

from __future__ import annotations

from typing import Any

from mia.attacks.shared.contract import Stacks
from mia.attacks.shared.cost import evaluations
from mia.config import design
from mia.config.claims import claimed, claims
from mia.config.experiment import Experiment
from mia.config.materials import SIDES
from mia.config.report_settings import report_settings
from mia.images.sources.shared.stage_keys import download_settings, plan_settings
from mia.models.family import TEXT
from mia.query import dump
from mia.signals.shared.evals import predictions

Settings = dict[str, Any]
DIVIDED = ("split", "duplicates", "min_success")
# Keys of a training that hold names: another name for the same thing changes no weights.
NAMES = ("set", "representation_set", "like", "base")


def plan(experiment: Experiment, set: str) -> Settings:
    """Return which images a set has, by its config, and how many shards they are dealt into."""
    return {**plan_settings(spec := experiment.config["image_sets"][set]), "shards": spec["shards"]}


def download(experiment: Experiment, set: str) -> Settings:
    """Return how the images of a set are fetched."""
    return download_settings(experiment.config["image_sets"][set])


def rows(experiment: Experiment, set: str) -> Settings:
    """Return how large an image may be."""
    return {"pixel_limit": experiment.config["image_sets"][set]["pixel_limit"]}


def encoder(experiment: Experiment, encoder: str) -> Settings:
    """Return path and hash of an embedding model."""
    return experiment.encoders[encoder]


def embed(experiment: Experiment, encoder: str) -> Settings:
    """Return the embedding model, and what it runs on."""
    return {**experiment.encoders[encoder], "device": experiment.config["measure"]["device"]}


def manifest(experiment: Experiment, set: str) -> Settings:
    """Return how a set is freed of duplicates and divided."""
    return {**_some(experiment.config["image_sets"][set], DIVIDED), **_seed(experiment)}


def membership(experiment: Experiment, target: str) -> Settings:
    """Return both sides as (set, parts), and the rules for what is dropped."""
    spec = experiment.config["targets"][target]
    sides = {side: experiment.parts(spec[side]) for side in SIDES}
    return {
        **_some(spec, ("match", "isolate", "known")),
        **sides,
        "duplicates": experiment.config["image_sets"][sides["members"][0]]["duplicates"],
        "learnt": "kept" if design.trained_here(experiment, target) else "all",
        "design": experiment.config["evaluation"]["design"],
        **_seed(experiment),
    }


def vae(experiment: Experiment, training: str) -> Settings:
    """Return how a VAE is trained, and on which parts; what learns pixels trains none."""
    return _training(experiment, training, "representation_set")


def train(experiment: Experiment, training: str) -> Settings:
    """Return how a model is trained, and on which parts."""
    return _training(experiment, training, "set")


def model(experiment: Experiment, model: str) -> Settings:
    """Return where a model comes from; for a trained one, its epoch and how images are prepared.

    And what it is told of an image, where that is no text: the config's attacks are made for it.
    """
    spec, training = experiment.config["models"][model], experiment.training(model)
    trained = experiment.trained(training) if training else {}
    return {**trained, **spec, **_told(experiment.condition(model))}


def encode(experiment: Experiment, vae: str, set: str) -> Settings:
    """Return which parts are encoded: those on which a model with this VAE is measured."""
    models = tuple(name for name in experiment.config["models"] if experiment.vae(name) == vae)
    on = {"device": experiment.config["measure"]["device"]}
    return {"parts": experiment.measured_parts(set, models), **on}


def measure(experiment: Experiment, model: str, set: str) -> Settings:
    """Return what a model is asked on a set, and how."""
    return {
        **{key: value for key, value in experiment.config["measure"].items() if key != "card"},
        "queries": dump(experiment.wanted(model, set)),
        "parts": experiment.measured_parts(set, (model,)),
        "shards": len(experiment.shards(set)),
        **_seed(experiment),
    }


def gather(experiment: Experiment, set: str) -> Settings:
    """Return every query that has a file, and the shards of a set."""
    return {"queries": dump(experiment.queries), "shards": experiment.shards(set)}


def score(experiment: Experiment, target: str, attack: str) -> Settings:
    """Return an attack's name, its entry on the target, and the others' queries that it reads."""
    entry = {k: v for k, v in experiment.entry_on(target, attack).items() if k != "targets"}
    told = {"name": attack, "entry": entry, **_seed(experiment)}
    built = experiment.attack_on(target, attack)
    return {**told, "queries": dump(built.queries)} if isinstance(built, Stacks) else told


def evaluate(experiment: Experiment, target: str) -> Settings:
    """Return how scores are judged, and whether the sides were drawn at random."""
    return {**_evaluation(experiment), "randomised": design.is_randomised(experiment, target)}


def audit(experiment: Experiment, target: str) -> Settings:
    """Return how sides are judged, and all that is known of how they came to be."""
    return {
        **experiment.config["audit"],
        **_evaluation(experiment),
        "attacks": {a: experiment.config["attacks"][a] for a in experiment.blind_attacks(target)},
        "by_design": design.is_by_design(experiment, target),
        "trained_here": design.trained_here(experiment, target),
        "match": experiment.config["targets"][target]["match"],
        "sides": {name: design.side(experiment, target, name) for name in SIDES},
        "without_addresses": experiment.without_addresses(target),
        **_told(experiment.told(target)),
    }


def tables(experiment: Experiment) -> Settings:
    """Return attacks, which models are told no text, what is claimed, and how all is compared."""
    targets = experiment.config["targets"]
    others = {name: told for name in targets if (told := experiment.told(name)) != TEXT}
    return {
        **_evaluation(experiment),
        **claims(experiment),
        "attacks": experiment.config["attacks"],
        **({"conditions": others} if others else {}),
    }


def figures(experiment: Experiment, target: str) -> Settings:
    """Return the evals that each attack costs alone, and how sure the figures are."""
    names = experiment.attacks_of(target)
    built = {name: experiment.attack_on(target, name) for name in names}
    evals = {name: len(evaluations(built[name], predictions)) for name in names}
    return {**_evaluation(experiment), "evals": evals, **claimed(experiment, target)}


def loss_figures(experiment: Experiment, target: str) -> Settings:
    """Return how sure the figures are."""
    return _evaluation(experiment) | claimed(experiment, target)


def report(experiment: Experiment) -> Settings:
    """Return what the page says of the experiment besides its numbers."""
    return report_settings(experiment)


def _training(experiment: Experiment, training: str, key: str) -> Settings:
    spec = experiment.config["training"][training]
    return {
        **{name: value for name, value in spec.items() if name not in NAMES},
        "keep": experiment.kept_epochs(training),
        "parts": experiment.parts(spec.get(key, spec["set"]))[1],
        **_seed(experiment),
    }


def _told(condition: str) -> Settings:
    """Say what a model is told of an image, if it is no text, which goes without saying."""
    return {"condition": condition} if condition != TEXT else {}


def _evaluation(experiment: Experiment) -> Settings:
    told = {key: value for key, value in experiment.config["evaluation"].items() if key != "design"}
    return {**told, **_seed(experiment)}


def _seed(experiment: Experiment) -> Settings:
    return {"seed": experiment.config["seed"]}


def _some(spec: Settings, keys: tuple[str, ...]) -> Settings:
    return {key: spec[key] for key in keys if key in spec}
