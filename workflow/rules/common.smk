"""Validated config, named input functions, fingerprints of code: all that the rules share."""

import json
import re
import sys

import snakemake.exceptions

from mia import query as mia_query
from mia import runs
from mia.attacks.shared.contract import Stacks, traits_of
from mia.config import results_folder
from mia.config.read import read
from mia.config.check_files import check_files
from mia.fingerprint import fingerprint, remember
from mia.job_environment import prepare
from mia.models.folder import families

prepare(WORKFLOW)
remember(Path(".snakemake/fingerprints.json"))

# A plan alone is in nobody's way.
IS_RUN = workflow.is_main_process and not workflow.output_settings.dryrun

if IS_RUN:
    runs.announce(runs.NOTES)

try:
    EXPERIMENT = read(config)
    config = EXPERIMENT.config
    R = config["results"].rstrip("/")
    CONFIG_NAME = " ".join(Path(path).name for path in workflow.configfiles)
    if workflow.is_main_process:
        results_folder.check(Path(R), CONFIG_NAME)
        check_files(EXPERIMENT)
except ConfigError as error:
    raise config_error(error)

SETS = config["image_sets"]

if workflow.output_settings.dryrun and (
    reason := runs.in_the_way(runs.NOTES, R, begun=True)
):
    logger.warning(reason)

if IS_RUN:
    runs.announce(runs.NOTES, R)
    if "--unlock" in sys.argv and (reason := runs.in_the_way(runs.NOTES, R)):
        raise WorkflowError(reason)
    # Snakemake's own message advises `--unlock`, with which two runs would write the same files.
    snakemake.exceptions.LockException = lambda: WorkflowError(
        runs.why_locked(runs.NOTES, R)
    )


onstart:
    from mia.storage import write_text

    gpu_of_jobs()
    # Snakemake's lock does not know of runs in other folders with these results, and a run that
    # ends removes the locks of all others in its folder.
    for notes in (runs.NOTES, Path(R) / runs.RUNS):
        if reason := runs.in_the_way(notes, R, begun=True):
            raise WorkflowError(reason)
        runs.others(notes)  # removes what the killed have left
        runs.announce(notes, R, running=True)
    write_text(f"{CONFIG_NAME}\n", Path(R) / results_folder.IDENTITY)
    order_jobs()


def results(path):
    """A path below the results folder, wildcards left as they are."""
    return f"{R}/{path}"


def any_of(names):
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    set=any_of(SETS),
    training=any_of(config["training"]),
    vae=any_of([*config["training"], *config["models"]]),
    model=any_of(config["models"]),
    target=any_of(config["targets"]),
    attack=any_of(config["attacks"]),
    encoder=any_of(EXPERIMENT.encoders),
    channel="embedding|text",
    shard=r"\d{3}",


def shards(image_set):
    return [f"{number:03d}" for number in range(SETS[image_set]["shards"])]


def dump(value):
    """One text for equal values, so that a parameter changes only when its meaning does."""
    return json.dumps(value, sort_keys=True)


def stage_code(stage, *modules):
    return fingerprint(f"mia.stages.{stage}", *modules)


def by_shard(pattern, image_set):
    return expand(pattern, set=image_set, shard=shards(image_set), allow_missing=True)


def raw_pictures(image_set):
    return by_shard(results("images/{set}/raw/{shard}/pictures.tar"), image_set)


def measured_files():
    files = []
    for model, image_set in EXPERIMENT.pairs:
        files += expand(
            results("signals/{model}/{set}/{signal}/{shard}.parquet"),
            model=model,
            set=image_set,
            signal=EXPERIMENT.signals,
            shard=shards(image_set),
        )
        files += query_files(model, image_set, EXPERIMENT.queries)
    return files


def query_files(model, image_set, queries):
    return [
        f"{R}/queries/{model}/{image_set}/{query.path}.parquet" for query in queries
    ]


def memberships():
    return expand(
        results("targets/{target}/membership.parquet"), target=config["targets"]
    )


def scored_files():
    files = memberships()
    for target in config["targets"]:
        attacks = EXPERIMENT.attacks_of(target)
        files += expand(
            results("scores/{target}/{attack}.parquet"), target=target, attack=attacks
        )
        files += expand(
            results("metrics/{target}/{attack}.json"), target=target, attack=attacks
        )
    return files


def target_sets(target):
    """Image sets of a target, its members' first."""
    sides = [config["targets"][target][side] for side in ("members", "nonmembers")]
    return list(dict.fromkeys(EXPERIMENT.parts(side)[0] for side in sides))


def scores_of(wildcards):
    return expand(
        results("scores/{target}/{attack}.parquet"),
        target=wildcards.target,
        attack=EXPERIMENT.attacks_of(wildcards.target),
    )
