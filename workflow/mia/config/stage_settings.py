"""What each stage is told of the config, and nothing more: one function a stage.

A function's arguments after the experiment are names of the rule's wildcards. What it returns goes
to the stage as JSON in `--settings`; a job runs again when it changes.
"""

from __future__ import annotations

from typing import Any

from mia.attacks.shared.contract import Stacks
from mia.attacks.shared.cost import evaluations
from mia.config import design
from mia.config.before_after import comparisons
from mia.config.claims import claimed, claims
from mia.config.experiment import Experiment
from mia.config.exports import export as export
from mia.config.image_settings import download as download
from mia.config.image_settings import embed as embed
from mia.config.image_settings import encoder as encoder
from mia.config.image_settings import manifest as manifest
from mia.config.image_settings import plan as plan
from mia.config.image_settings import rows as rows
from mia.config.materials import SIDES
from mia.config.model_settings import as_told
from mia.config.model_settings import encode as encode
from mia.config.model_settings import generate as generate
from mia.config.model_settings import model as model
from mia.config.model_settings import train as train
from mia.config.model_settings import vae as vae
from mia.config.output_encoder import output_encoder
from mia.config.reference_training import learnt, needs
from mia.config.report_settings import report as report
from mia.models.family import TEXT
from mia.query import dump
from mia.signals.shared.evals import predictions

Settings = dict[str, Any]
APART = ("card", "keep")  # keys of `measure` that `make cost` reads, and that the queries hold


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


def other_captions(experiment: Experiment) -> Settings:
    """Return the seed by which captions are exchanged."""
    return _seed(experiment)


def references(experiment: Experiment, target: str) -> Settings:
    """Return what each reference was trained on, when two images are duplicates, and the needs."""
    image_set, _ = experiment.parts(experiment.config["targets"][target]["members"])
    return {
        "references": learnt(experiment, target),
        "duplicates": experiment.config["image_sets"][image_set]["duplicates"],
        "needs": needs(experiment, target),
    }


def measure(experiment: Experiment, model: str, set: str) -> Settings:
    """Return what a model is asked on a set, and how."""
    wanted = experiment.wanted(model, set)
    return {
        **{key: value for key, value in experiment.config["measure"].items() if key not in APART},
        "queries": dump(wanted),
        "parts": experiment.measured_parts(set, (model,)),
        "shards": len(experiment.shards(set)),
        **(output_encoder(experiment, wanted) | _seed(experiment)),
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


def score_generated(experiment: Experiment, target: str, attack: str) -> Settings:
    """Return the same: the attack learns as ever, and is tried on other images."""
    return score(experiment, target, attack)


def evaluate(experiment: Experiment, target: str) -> Settings:
    """Return how scores are judged, and whether the sides were drawn at random."""
    return {**_evaluation(experiment), "randomised": design.is_randomised(experiment, target)}


def audit(experiment: Experiment, target: str) -> Settings:
    """Return how sides are judged, and all that is known of how they came to be."""
    entries = experiment.config["attacks"]
    return {
        **{key: value for key, value in experiment.config["audit"].items() if key != "stop_if"},
        **_evaluation(experiment),
        "attacks": {name: entries[name] for name in experiment.blind_attacks(target)},
        "by_design": design.is_by_design(experiment, target),
        "trained_here": design.trained_here(experiment, target),
        "match": experiment.config["targets"][target]["match"],
        "sides": {name: design.side(experiment, target, name) for name in SIDES},
        "without_addresses": experiment.without_addresses(target),
        **as_told(experiment.told(target)),
    }


def given_scores(experiment: Experiment) -> Settings:
    """Return what is reported on, the seed of the folds, and the margin that the page names."""
    told = {"design": experiment.config["evaluation"]["design"], **_seed(experiment)}
    return {"margin": experiment.config["audit"]["margin"], **told}


def gate(experiment: Experiment) -> Settings:
    """Return which verdict ends the run."""
    return {"stop_if": experiment.config["audit"]["stop_if"]}


def verdict(experiment: Experiment) -> Settings:
    """Return nothing: what estimates are worth is no matter of the config."""
    return {}


def tables(experiment: Experiment) -> Settings:
    """Return attacks, what models are told, what is claimed and what is compared, and how.

    And how many references a target has, where it has some.
    """
    targets = experiment.config["targets"]
    others = {name: told for name in targets if (told := experiment.told(name)) != TEXT}
    return {
        **_evaluation(experiment),
        **claims(experiment),
        "attacks": experiment.config["attacks"],
        **({"conditions": others} if others else {}),
        **({"references": several} if (several := experiment.numbers_of_references) else {}),
        **({"scores_only": alone} if (alone := experiment.with_scores()) else {}),
        **({"compare": pairs} if (pairs := comparisons(experiment)) else {}),
    }


def figures(experiment: Experiment, target: str) -> Settings:
    """Return the evals that each attack costs alone, and how sure the figures are."""
    built = {name: experiment.attack_on(target, name) for name in experiment.attacks_of(target)}
    several = len(experiment.references(target))
    evals = {name: len(evaluations(attack, predictions, several)) for name, attack in built.items()}
    return {**_evaluation(experiment), "evals": evals, **claimed(experiment, target)}


def loss_figures(experiment: Experiment, target: str) -> Settings:
    """Return how sure the figures are."""
    return _evaluation(experiment) | claimed(experiment, target)


def _evaluation(experiment: Experiment) -> Settings:
    told = {key: value for key, value in experiment.config["evaluation"].items() if key != "design"}
    return {**told, **_seed(experiment)}


def _seed(experiment: Experiment) -> Settings:
    return {"seed": experiment.config["seed"]}


def _some(spec: Settings, keys: tuple[str, ...]) -> Settings:
    return {key: spec[key] for key in keys if key in spec}
