"""Signals: query a model once for everything that any attack wants, then one file per query."""

from importlib import import_module


def wanted(wildcards):
    return mia_query.dump(EXPERIMENT.wanted(wildcards.model, wildcards.set))


def latents(wildcards):
    return f"{R}/latents/{EXPERIMENT.vae(wildcards.model)}/{wildcards.set}/{wildcards.shard}.safetensors"


def looks_at_pixels(signal):
    return getattr(import_module(f"mia.signals.{signal}"), "NEEDS_PIXELS", False)


def pictures_to_measure(wildcards):
    if not any(map(looks_at_pixels, EXPERIMENT.signals)):
        return []
    return f"{R}/images/{wildcards.set}/raw/{wildcards.shard}/pictures.tar"


SIGNAL_CODE = [f"mia.signals.{signal}" for signal in EXPERIMENT.signals]
DENOISER_CODE = [f"mia.denoisers.{family}" for family in families()]


rule measure:
    input:
        model=R + "/models/{model}/model.json",
        manifest=R + "/images/{set}/manifest.parquet",
        latents=latents,
        pictures=pictures_to_measure,
    output:
        expand(
            R + "/signals/{model}/{set}/{signal}/{shard}.parquet",
            signal=EXPERIMENT.signals,
            allow_missing=True,
        ),
    log:
        R + "/logs/measure/{model}/{set}/{shard}.log",
    benchmark:
        R + "/benchmarks/measure/{model}/{set}/{shard}.tsv"
    params:
        code=stage_code("measure", *DENOISER_CODE, *SIGNAL_CODE),
        wanted=wanted,
        parts=lambda wildcards: EXPERIMENT.measured_parts(wildcards.set, (wildcards.model,)),
        shards=lambda wildcards: len(shards(wildcards.set)),
        settings=dump({**config["measure"], "seed": config["seed"]}),
        folder=R + "/signals/{model}/{set}",
        ledger=R + "/ledger/measure/{model}/{set}",
    resources:
        mem_mb=4000,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python -m mia.stages.measure --model {input.model} --manifest {input.manifest}"
        " --latents {input.latents} --pictures {input.pictures} --wanted {params.wanted:q} --parts {params.parts}"
        " --shard {wildcards.shard} --shards {params.shards} --settings {params.settings:q}"
        " --threads {threads} --ledger {params.ledger} --output {output} &> {log}"


rule gather:
    input:
        expand(
            R + "/signals/{model}/{set}/{signal}/{shard}.parquet",
            signal=EXPERIMENT.signals,
            shard=lambda wildcards: shards(wildcards.set),
            allow_missing=True,
        ),
    output:
        [R + f"/queries/{{model}}/{{set}}/{query.path}.parquet" for query in EXPERIMENT.queries],
    log:
        R + "/logs/gather/{model}/{set}.log",
    params:
        code=stage_code("gather"),
        queries=mia_query.dump(EXPERIMENT.queries),
        folder=R + "/queries/{model}/{set}",
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python -m mia.stages.gather --set {wildcards.set} --signals {input}"
        " --queries {params.queries:q} --folder {params.folder} &> {log}"
