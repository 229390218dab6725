"""Signals: query a model once for everything that any attack wants, then one file per query."""


rule measure:
    input:
        model=results(paths.MODEL),
        manifest=results(paths.MANIFEST),
        latents=of_wildcards(RESULTS.latents),
        pictures=of_wildcards(RESULTS.pictures_to_measure),
        captions=of_wildcards(RESULTS.other_captions),
        encoder=of_wildcards(RESULTS.encoder_to_measure),
    output:
        expand(results(paths.SIGNALS), signal=EXPERIMENT.signals, allow_missing=True),
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
        code=code("measure"),
        settings=told("measure"),
        contents=given("measure"),
        ledger=results(paths.LEDGER),
    shell:
        "python -m mia.stages.measure --model {input.model:q} --manifest {input.manifest:q}"
        " --latents {input.latents:q} --pictures {input.pictures:q}"
        " --captions {input.captions:q} --shard {wildcards.shard:q}"
        " --settings {params.settings:q} --threads {threads} --ledger {params.ledger:q}"
        " --output {output:q} &> {log:q}"


rule gather:
    input:
        of_wildcards(RESULTS.signals),
        model=results(paths.MODEL),
    output:
        RESULTS.queries("{model}", "{set}", EXPERIMENT.queries),
        estimates=results(paths.ESTIMATES),
    log:
        results("logs/gather/{model}/{set}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        code=code("gather"),
        settings=told("gather"),
        signals=results("signals/{model}/{set}"),
        folder=results("queries/{model}/{set}"),
    # Inputs are given by folder and shard: names of hundreds of shards are too long for a command.
    shell:
        "python -m mia.stages.gather --model {input.model:q} --set {wildcards.set:q}"
        " --signals {params.signals:q} --settings {params.settings:q} --folder {params.folder:q} &> {log:q}"
