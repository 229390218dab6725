"""Where results lie, and which of them a job reads (`mia.config.stage_inputs`)."""

import re

from mia import result_paths as paths
from mia.config.stage_inputs import StageInputs
from mia.config.user_agent import user_agent

RESULTS = StageInputs(EXPERIMENT)
SETS = config["image_sets"]
TARGETS = config["targets"]
MADE = [name for name in SETS if EXPERIMENT.maker(name)]  # by a target's model


def any_of(names):
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    set=any_of(SETS),
    training=any_of(config["training"]),
    vae=any_of([*config["training"], *config["models"]]),
    model=any_of(config["models"]),
    target=any_of(TARGETS),
    attack=any_of(
        {name for target in TARGETS for name in EXPERIMENT.attacks_of(target)}
    ),
    encoder=any_of(EXPERIMENT.encoders),
    channel="embedding|text|words",
    shard=r"\d{3}",


def results(template):
    """Return the pattern of a kind of results."""
    return f"{R}/{template}"


def options(name, values):
    """Return options of a command, one word each, so that no value is taken for an option."""
    return [f"--{name}={value}" for value in values]


def exclude(wildcards):
    return options("exclude", FILES.exclude(wildcards.set))


def exclude_now(wildcards, input):
    """Return the same options; naming `input` keeps Snakemake from comparing the parameter.

    So a longer list excludes what is there and downloads nothing anew (docs/ethics.md).
    """
    return exclude(wildcards)


def user_agent_now(wildcards, input):
    """Return who asks for images; as above, another contact downloads nothing anew."""
    return user_agent(config["download"].get("contact"))


def trained_on(key):
    """Return an input function: manifest and images of the set under `key` of a training."""

    def files(wildcards):
        training = config["training"][wildcards.training]
        if key not in training:  # what learns pixels has no VAE to train
            return {"manifest": [], "pictures": []}
        image_set, _ = EXPERIMENT.parts(training[key])
        return {
            "manifest": RESULTS.of(paths.MANIFEST, set=image_set),
            "pictures": RESULTS.of_shards(paths.PICTURES, image_set),
        }

    return files


def figure(of):
    """Return one figure of every target, marked for Snakemake's own report too."""
    return report(
        results(paths.FIGURE).replace("{figure}", of.name),
        category="Figures",
        subcategory="{target}",
        labels={"what": of.label, "target": "{target}"},
        caption=f"../report/{of.name}.rst",
    )
