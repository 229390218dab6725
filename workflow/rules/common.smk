"""What all rules need: the checked config, what stages are told of it, notes of runs at work."""

import json
import sys
from functools import cache, partial
from inspect import Parameter, signature

import snakemake.exceptions
from snakemake.settings.enums import Quietness

from mia import runs, shown_progress, window
from mia.config import results_folder, stage_code, stage_settings
from mia.config.check_files import check_files
from mia.config.read import read
from mia.config.stage_files import StageFiles
from mia.config.stage_order import StageOrder
from mia.fingerprint import fingerprint, remember
from mia.job_environment import prepare
from mia.job_order import let_wait

prepare(WORKFLOW)
remember(Path(".snakemake/fingerprints.json"))

# A run that only plans disturbs no other run.
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

FILES = StageFiles(EXPERIMENT, Path(".snakemake/hashes.json"))
ORDER = StageOrder(EXPERIMENT)

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


def awaited(job):
    """Return files that this job waits for, although it does not read them."""
    return [f"{R}/{path}" for path in ORDER.awaited(job.rule.name, job.wildcards)]


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
    let_wait(workflow.dag, awaited)
    window.narrow(logger.handlers)
    if not {Quietness.PROGRESS, Quietness.ALL} & {
        *(workflow.output_settings.quiet or ())
    }:
        shown_progress.show(lambda: workflow.scheduler.running)


def of_wildcards(function, then=lambda found: found, **known):
    """Return an input or parameter function: `function` of wildcards by name, and of `known`."""
    names = [
        name
        for name, parameter in signature(function).parameters.items()
        if parameter.default is Parameter.empty and name not in known
    ]
    return lambda wildcards: then(
        function(**known, **{name: wildcards[name] for name in names})
    )


def told(stage, **known):
    """Return a function for what a stage is told of the config: equal values give one text."""
    settings = cache(partial(getattr(stage_settings, stage), EXPERIMENT))
    return of_wildcards(settings, partial(json.dumps, sort_keys=True), **known)


def code(stage, *more, **known):
    """Return a function for fingerprints of a stage's code, modules it loads, and `more`."""
    modules = partial(getattr(stage_code, stage, lambda _: []), EXPERIMENT)
    return of_wildcards(
        modules,
        lambda loaded: fingerprint(f"mia.stages.{stage}", *loaded, *more),
        **known,
    )


def given(stage, **known):
    """Return a function for the fingerprints of the given files that a stage reads."""
    return of_wildcards(getattr(FILES, stage), **known)
