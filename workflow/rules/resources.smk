"""What jobs ask of a machine: memory and minutes, which grow with each try, and a GPU if needed."""

import os

from mia.models.visible_gpus import why_no_gpu

# A job asks for a GPU only if the config does. With `measure.device: auto` a job takes a GPU that
# it happens to see, and no cluster keeps one back for it.
CARDS = 1 if config["measure"]["device"] == "cuda" else 0


# Jobs go to a cluster if `jobs` stands in a profile. `--jobs` alone, on one machine, counts cores.
if workflow.is_main_process and workflow.resource_settings.nodes is not None:
    asked = workflow.resource_settings.overwrite_resources.get("measure", {})
    if config["measure"]["device"] == "auto" and not {"gpu", "gres"} & asked.keys():
        logger.warning(
            "measure.device is auto: no GPU is requested from this cluster, so jobs compute on the "
            "CPU unless they happen to see one. Write `measure: {device: cuda}` for one GPU a job, "
            "or `cpu` (docs/cluster.md)"
        )


def growing(amount):
    """Return a function of the try: `amount` times its number, as a job may have had too little."""

    def of_this_try(wildcards, attempt):
        return amount * attempt

    return of_this_try


def memory_of_model(wildcards, attempt):
    """Merging an adapter holds the model; to describe one, headers are enough."""
    merging = "lora" in config["models"][wildcards.model]
    return (16000 if merging else 2000) * attempt


def threads_of_training(wildcards):
    return config["training"][wildcards.training]["threads"]


def cards_of_training(wildcards):
    return 1 if config["training"][wildcards.training]["device"] == "cuda" else 0


def missing_gpu(keys):
    """Return a line for each of `keys` that asks for a GPU, if this machine has none.

    This counts only if jobs run on this machine: with `jobs` in a profile they go to a cluster,
    whose head node need not have a GPU.
    """
    if not keys or workflow.resource_settings.nodes is not None:
        return ""
    if not (why := why_no_gpu()):
        return ""
    hint = "expected cpu or auto, or a cluster's --workflow-profile (docs/cluster.md)"
    return "\n".join(f"Config: {key}: cuda, but {why}; {hint}" for key in keys)


def gpu_or_end(wildcards):
    """Input function of `all` and `measured`: it adds no file, but ends a plan that cannot work.

    It sees files that are missing, also in a dry run; `gpu_of_jobs` sees the rest. It does not run
    if only files are asked for, and does nothing with `--until`.
    """
    if workflow.dag_settings.until:
        return []
    asking = {
        f"training.{name}.device": RESULTS.of(paths.CHECKPOINTS, training=name)
        for name, training in config["training"].items()
        if training["device"] == "cuda"
    }
    if CARDS:
        asking["measure.device"] = RESULTS.measured()
    undone = [key for key in asking if not all(map(os.path.exists, asking[key]))]
    if said := missing_gpu(undone):
        # Of all errors in an input function only this one is printed without a traceback.
        raise SystemExit(said)
    return []


def gpu_of_jobs():
    """End a run before its first job starts if one of its jobs asks for a GPU that is not there."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.resources.get("gpu")]
    keys = {
        (
            f"training.{job.wildcards.training}.device"
            if job.rule.name == "train"
            else "measure.device"
        )
        for job in jobs
    }
    if said := missing_gpu(sorted(keys)):
        raise WorkflowError(said)
