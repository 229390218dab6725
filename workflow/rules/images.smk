"""Image sets: plan, download, open, deduplicate, split; and who is a member in which target."""

for image_set in SETS:

    rule:
        name:
            f"plan_{image_set}"
        output:
            by_shard(results("images/{set}/plan/{shard}.parquet"), image_set),
        log:
            f"{R}/logs/plan/{image_set}.log",
        conda:
            "../../envs/images.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            code=stage_code("plan", source_code(SETS[image_set]["source"])),
            name=image_set,
            spec=as_given(dump(plan_settings(SETS[image_set]))),
            contents=planned_contents(image_set),
        shell:
            "python -m mia.stages.plan --name {params.name:q} --spec {params.spec:q}"
            " --output {output:q} &> {log:q}"


rule download:
    input:
        plan=results("images/{set}/plan/{shard}.parquet"),
    output:
        pictures=results("images/{set}/raw/{shard}/pictures.tar"),
        downloads=results("images/{set}/raw/{shard}/downloads.parquet"),
    log:
        results("logs/download/{set}/{shard}.log"),
    benchmark:
        results("benchmarks/download/{set}/{shard}.tsv")
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=download_code,
        spec=lambda wildcards: dump(download_settings(SETS[wildcards.set])),
        contents=picture_contents,
        exclude=exclude_list_now,
    shell:
        "python -m mia.stages.download --plan {input.plan:q} --spec {params.spec:q}"
        " {params.exclude:q} --pictures {output.pictures:q} --downloads {output.downloads:q} &> {log:q}"


rule rows:
    input:
        plan=results("images/{set}/plan/{shard}.parquet"),
        pictures=results("images/{set}/raw/{shard}/pictures.tar"),
        downloads=results("images/{set}/raw/{shard}/downloads.parquet"),
    output:
        results("images/{set}/rows/{shard}.parquet"),
    log:
        results("logs/rows/{set}/{shard}.log"),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=stage_code("rows"),
        pixel_limit=lambda wildcards: SETS[wildcards.set]["pixel_limit"],
        exclude=lambda wildcards: options("exclude", exclude_list(wildcards)),
        contents=exclude_contents,
    shell:
        "python -m mia.stages.rows --plan {input.plan:q} --pictures {input.pictures:q}"
        " --downloads {input.downloads:q} --pixel-limit {params.pixel_limit:q}"
        " {params.exclude:q} --output {output:q} &> {log:q}"


if EXPERIMENT.encoders:

    rule encoder:
        output:
            results("encoders/{encoder}.json"),
        log:
            results("logs/encoder/{encoder}.log"),
        # As a model: one that cannot be used stops the run before pictures are downloaded.
        priority: 200
        conda:
            "../../envs/torch.yaml"
        resources:
            mem_mb=growing(8000),
            runtime=growing(60),
        params:
            code=stage_code("encoder"),
            spec=embedding_spec,
            contents=embedding_contents,
        shell:
            "python -m mia.stages.encoder --spec {params.spec:q} --output {output:q} &> {log:q}"

    rule embed:
        input:
            encoder=results("encoders/{encoder}.json"),
            rows=results("images/{set}/rows/{shard}.parquet"),
            pictures=pictures_to_embed,
        output:
            results("images/{set}/embeddings/{encoder}/{channel}/{shard}.parquet"),
        log:
            results("logs/embed/{set}/{encoder}/{channel}/{shard}.log"),
        benchmark:
            results("benchmarks/embed/{set}/{encoder}/{channel}/{shard}.tsv")
        conda:
            "../../envs/torch.yaml"
        resources:
            mem_mb=growing(8000),
            runtime=growing(120),
            gpu=CARDS,
        params:
            code=stage_code("embed"),
            spec=embedding_spec,
            contents=embedding_contents,
            device=config["measure"]["device"],
        shell:
            "python -m mia.stages.embed --rows {input.rows:q} --pictures {input.pictures:q}"
            " --spec {params.spec:q} --device {params.device:q} --threads {threads}"
            " --output {output:q} &> {log:q}"


rule manifest:
    input:
        rows=lambda wildcards: by_shard(
            results("images/{set}/rows/{shard}.parquet"), wildcards.set
        ),
        embeddings=embeddings_of_set,
    output:
        manifest=results("images/{set}/manifest.parquet"),
        pairs=results("images/{set}/pairs.parquet"),
    log:
        results("logs/manifest/{set}.log"),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        code=stage_code("manifest"),
        spec=manifest_spec,
        exclude=lambda wildcards: options("exclude", exclude_list(wildcards)),
        contents=exclude_contents,
    shell:
        "python -m mia.stages.manifest --name {wildcards.set:q} --rows {input.rows:q}"
        " --embeddings {input.embeddings:q} {params.exclude:q} --spec {params.spec:q}"
        " --manifest {output.manifest:q} --pairs {output.pairs:q} &> {log:q}"


rule membership:
    input:
        manifests=lambda wildcards: expand(
            results("images/{set}/manifest.parquet"), set=target_sets(wildcards.target)
        ),
    output:
        membership=results("targets/{target}/membership.parquet"),
        pairs=results("targets/{target}/pairs.parquet"),
    log:
        results("logs/membership/{target}.log"),
    # An impossible target stops the run before anything is encoded, trained or measured: those
    # wait for it (order.smk).
    priority: 100
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=membership_code,
        spec=membership_spec,
        known=lambda wildcards: options("known", known_index(wildcards)),
        contents=known_contents,
    shell:
        "python -m mia.stages.membership --name {wildcards.target:q} --manifests {input.manifests:q}"
        " {params.known:q} --spec {params.spec:q} --membership {output.membership:q}"
        " --pairs {output.pairs:q} &> {log:q}"
