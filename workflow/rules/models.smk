"""Models: trained here, from a folder or from the hub; all end in one model.json. Then latents."""


rule vae:
    input:
        unpack(trained_on("representation_set")),
    output:
        results(paths.VAE),
    log:
        results("logs/vae/{training}.log"),
    benchmark:
        results("benchmarks/vae/{training}.tsv")
    conda:
        "../../envs/torch.yaml"
    threads: threads_of_training
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        code=code("vae"),
        settings=told("vae"),
        ledger=results(paths.TRAINING_LEDGER),
    shell:
        "python -m mia.stages.vae --manifest {input.manifest:q} --pictures {input.pictures:q}"
        " --settings {params.settings:q} --ledger {params.ledger:q} --output {output:q} &> {log:q}"


rule train:
    input:
        unpack(trained_on("set")),
        start=of_wildcards(RESULTS.start_of_training),
    output:
        index=results(paths.CHECKPOINTS),
        samples=results(paths.SAMPLES),
    log:
        results("logs/train/{training}.log"),
    benchmark:
        results("benchmarks/train/{training}.tsv")
    conda:
        "../../envs/torch.yaml"
    threads: threads_of_training
    resources:
        mem_mb=growing(8000),
        runtime=growing(720),
        gpu=cards_of_training,
    params:
        code=code("train"),
        settings=told("train"),
        ledger=results(paths.TRAINING_LEDGER),
    shell:
        "python -m mia.stages.train --manifest {input.manifest:q} --pictures {input.pictures:q}"
        " --settings {params.settings:q} --ledger {params.ledger:q} --start {input.start:q}"
        " --index {output.index:q} --samples {output.samples:q} &> {log:q}"


rule model:
    input:
        of_wildcards(RESULTS.checkpoints),
    output:
        results(paths.MODEL),
    log:
        results("logs/model/{model}.log"),
    # This runs before images are downloaded, if a core is free; encoding waits for it.
    priority: 200
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=memory_of_model,
        runtime=growing(60),
    params:
        code=code("model"),
        settings=told("model"),
        contents=given("model"),
    shell:
        "python -m mia.stages.model --name {wildcards.model:q} --settings {params.settings:q}"
        " --made-from {input:q} --output {output:q} &> {log:q}"


rule encode:
    input:
        vae=of_wildcards(RESULTS.vae),
        manifest=results(paths.MANIFEST),
        pictures=results(paths.PICTURES),
    output:
        results(paths.LATENTS),
    log:
        results("logs/encode/{vae}/{set}/{shard}.log"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
        gpu=CARDS,
    params:
        code=code("encode"),
        settings=told("encode"),
    shell:
        "python -m mia.stages.encode --vae {input.vae:q} --manifest {input.manifest:q}"
        " --pictures {input.pictures:q} --settings {params.settings:q} --threads {threads}"
        " --output {output:q} &> {log:q}"
