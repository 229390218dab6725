"""What may refuse a target comes before what is costly, although no file of it is read there."""

from functools import cache

from mia.job_order import let_wait


def sets_of_costly(job):
    """The image sets that a costly job works on; none of a cheap one."""
    if job.rule.name in ("encode", "measure"):
        return (job.wildcards.set,)
    if job.rule.name in ("vae", "train"):
        training = config["training"][job.wildcards.training]
        keys = [key for key in ("set", "representation_set") if key in training]
        return tuple(EXPERIMENT.parts(training[key])[0] for key in keys)
    return ()


@cache
def refusing(sets):
    """Memberships of all targets on these sets, and the models that they are given.

    No training is needed for either: a model that is trained here is left out, not its base.
    """
    files = []
    for name, target in config["targets"].items():
        if set(sets) & set(target_sets(name)):
            models = filter(None, (target["model"], target.get("reference")))
            given = {*map(EXPERIMENT.vae, models)} - config["training"].keys()
            files.append(f"{R}/targets/{name}/membership.parquet")
            files += [f"{R}/models/{model}/model.json" for model in sorted(given)]
    return files


def order_jobs():
    let_wait(workflow.dag, lambda job: refusing(sets_of_costly(job)))
