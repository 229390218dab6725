"""Signals: query a model once for everything that any attack wants, then one file per query."""

SIGNAL_CODE = [f"mia.signals.{signal}" for signal in EXPERIMENT.signals]


DENOISER_CODE = [f"mia.denoisers.{family}" for family in families()]


rule measure:
    input:
        model=results("models/{model}/model.json"),
        manifest=results("images/{set}/manifest.parquet"),
        latents=latents,
        pictures=pictures_to_measure,
    output:
        expand(
            results("signals/{model}/{set}/{signal}/{shard}.parquet"),
            signal=EXPERIMENT.signals,
            allow_missing=True,
        ),
    log:
        results("logs/measure/{model}/{set}/{shard}.log"),
    benchmark:
        results("benchmarks/measure/{model}/{set}/{shard}.tsv")
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=CARDS,
    params:
        code=stage_code("measure", *DENOISER_CODE, *SIGNAL_CODE),
        wanted=wanted,
        parts=lambda wildcards: EXPERIMENT.measured_parts(
            wildcards.set, (wildcards.model,)
        ),
        shards=lambda wildcards: len(shards(wildcards.set)),
        settings=as_given(dump({**config["measure"], "seed": config["seed"]})),
        ledger=results("ledger/measure/{model}/{set}"),
    shell:
        "python -m mia.stages.measure --model {input.model:q} --manifest {input.manifest:q}"
        " --latents {input.latents:q} --pictures {input.pictures:q} --wanted {params.wanted:q} --parts {params.parts:q}"
        " --shard {wildcards.shard:q} --shards {params.shards:q} --settings {params.settings:q}"
        " --threads {threads} --ledger {params.ledger:q} --output {output:q} &> {log:q}"


rule gather:
    input:
        signals=expand(
            results("signals/{model}/{set}/{signal}/{shard}.parquet"),
            signal=EXPERIMENT.signals,
            shard=lambda wildcards: shards(wildcards.set),
            allow_missing=True,
        ),
        model=results("models/{model}/model.json"),
    output:
        query_files("{model}", "{set}", EXPERIMENT.queries),
        estimates=results("queries/{model}/{set}/estimates.json"),
    log:
        results("logs/gather/{model}/{set}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        code=stage_code("gather"),
        queries=as_given(mia_query.dump(EXPERIMENT.queries)),
        signals=results("signals/{model}/{set}"),
        shards=lambda wildcards: shards(wildcards.set),
        folder=results("queries/{model}/{set}"),
    # The inputs by folder and shard: hundreds of shards by name are too long for a command line.
    shell:
        "python -m mia.stages.gather --model {input.model:q} --set {wildcards.set:q} --signals {params.signals:q}"
        " --shards {params.shards:q} --queries {params.queries:q} --folder {params.folder:q} &> {log:q}"
