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
def targets_on(sets):
    return [name for name in config["targets"] if set(sets) & set(target_sets(name))]


@cache
def given_models(sets):
    """The models that people give for these sets; one that is trained here needs its pictures."""
    models = set()
    for target in (config["targets"][name] for name in targets_on(sets)):
        named = filter(None, (target["model"], target.get("reference")))
        models |= {*map(EXPERIMENT.vae, named)} - config["training"].keys()
    models = [f"{R}/models/{model}/model.json" for model in sorted(models)]
    return [
        *models,
        *(f"{R}/encoders/{encoder}.json" for encoder in EXPERIMENT.encoders),
    ]


def awaited(job):
    """A download waits for given models; what is costly, for memberships too."""
    if job.rule.name == "download":
        return given_models((job.wildcards.set,))
    sets = sets_of_costly(job)
    memberships = [
        f"{R}/targets/{name}/membership.parquet" for name in targets_on(sets)
    ]
    return [*memberships, *given_models(sets)] if sets else []


def order_jobs():
    let_wait(workflow.dag, awaited)
