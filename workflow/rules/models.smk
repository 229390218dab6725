"""Models: trained here, from a folder or from the hub; all end in one model.json. Then latents."""


rule vae:
    input:
        unpack(trained_on("representation_set")),
    output:
        results("training/{training}/vae/vae.json"),
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
        code=stage_code("vae"),
        settings=training_settings,
        parts=parts_of("representation_set"),
        ledger=results("ledger/train"),
    shell:
        "python -m mia.stages.vae --manifest {input.manifest:q} --pictures {input.pictures:q}"
        " --parts {params.parts:q} --settings {params.settings:q} --ledger {params.ledger:q}"
        " --output {output:q} &> {log:q}"


rule train:
    input:
        unpack(trained_on("set")),
        start=start_of_training,
    output:
        index=results("training/{training}/index.json"),
        samples=results("training/{training}/samples.png"),
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
        code=stage_code("train"),
        settings=training_settings,
        parts=parts_of("set"),
        ledger=results("ledger/train"),
    shell:
        "python -m mia.stages.train --manifest {input.manifest:q} --pictures {input.pictures:q}"
        " --parts {params.parts:q} --settings {params.settings:q} --ledger {params.ledger:q}"
        " --start {input.start:q} --index {output.index:q} --samples {output.samples:q} &> {log:q}"


rule model:
    input:
        index_of_training,
    output:
        results("models/{model}/model.json"),
    log:
        results("logs/model/{model}.log"),
    # Before pictures are downloaded, if a core is free; encoding waits for it (order.smk).
    priority: 200
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=stage_code("model"),
        spec=model_spec,
        contents=model_contents,
    shell:
        "python -m mia.stages.model --name {wildcards.model:q} --spec {params.spec:q}"
        " --made-from {input:q} --output {output:q} &> {log:q}"


rule encode:
    input:
        vae=vae_file,
        manifest=results("images/{set}/manifest.parquet"),
        pictures=results("images/{set}/raw/{shard}/pictures.tar"),
    output:
        results("latents/{vae}/{set}/{shard}.safetensors"),
    log:
        results("logs/encode/{vae}/{set}/{shard}.log"),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
        gpu=CARDS,
    params:
        code=stage_code("encode"),
        parts=encoded_parts,
        device=config["measure"]["device"],
    shell:
        "python -m mia.stages.encode --vae {input.vae:q} --manifest {input.manifest:q}"
        " --pictures {input.pictures:q} --parts {params.parts:q} --device {params.device:q}"
        " --threads {threads} --output {output:q} &> {log:q}"
