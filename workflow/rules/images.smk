"""Image sets: plan, download, open, deduplicate, split."""

for image_set in SETS:

    rule:
        name:
            f"plan_{image_set}"
        input:
            made_from=RESULTS.made_from(image_set),
        output:
            RESULTS.of_shards(paths.PLAN, image_set),
        log:
            f"{R}/logs/plan/{image_set}.log",
        conda:
            "../../envs/images.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            name=image_set,
            code=code("plan", set=image_set),
            settings=told("plan", set=image_set),
            contents=given("plan", set=image_set),
        shell:
            "python -m mia.stages.plan --name {params.name:q} --settings {params.settings:q}"
            " --made-from {input.made_from:q} --output {output:q} &> {log:q}"


rule download:
    input:
        plan=results(paths.PLAN),
    output:
        pictures=results(paths.PICTURES),
        downloads=results(paths.DOWNLOADS),
    log:
        results("logs/download/{set}/{shard}.log"),
    benchmark:
        results("benchmarks/download/{set}/{shard}.tsv")
    wildcard_constraints:
        set=any_of({*SETS} - {*MADE}),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("download"),
        settings=told("download"),
        contents=given("download"),
        exclude=exclude_now,
        user_agent=user_agent_now,
    shell:
        "python -m mia.stages.download --plan {input.plan:q} --settings {params.settings:q}"
        " --user-agent {params.user_agent:q} {params.exclude:q}"
        " --pictures {output.pictures:q} --downloads {output.downloads:q} &> {log:q}"


rule rows:
    input:
        plan=results(paths.PLAN),
        pictures=results(paths.PICTURES),
        downloads=results(paths.DOWNLOADS),
    output:
        results(paths.ROWS),
    log:
        results("logs/rows/{set}/{shard}.log"),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("rows"),
        settings=told("rows"),
        contents=given("rows"),
        exclude=exclude,
    shell:
        "python -m mia.stages.rows --plan {input.plan:q} --pictures {input.pictures:q}"
        " --downloads {input.downloads:q} --settings {params.settings:q}"
        " {params.exclude:q} --output {output:q} &> {log:q}"


if EXPERIMENT.encoders:

    rule encoder:
        output:
            results(paths.ENCODER),
        log:
            results("logs/encoder/{encoder}.log"),
        # As with a model, an unusable encoder stops the run before images are downloaded.
        priority: 200
        conda:
            "../../envs/torch.yaml"
        resources:
            mem_mb=growing(8000),
            runtime=growing(60),
        params:
            code=code("encoder"),
            settings=told("encoder"),
            contents=given("encoder"),
        shell:
            "python -m mia.stages.encoder --settings {params.settings:q} --output {output:q} &> {log:q}"

    rule embed:
        input:
            encoder=results(paths.ENCODER),
            rows=results(paths.ROWS),
            pictures=of_wildcards(RESULTS.pictures_to_embed),
        output:
            results(paths.EMBEDDINGS),
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
            code=code("embed"),
            settings=told("embed"),
            contents=given("embed"),
        shell:
            "python -m mia.stages.embed --rows {input.rows:q} --pictures {input.pictures:q}"
            " --channel {wildcards.channel:q}"
            " --settings {params.settings:q} --threads {threads} --output {output:q} &> {log:q}"


rule manifest:
    input:
        rows=of_wildcards(RESULTS.rows),
        embeddings=of_wildcards(RESULTS.embeddings_of_set),
    output:
        manifest=results(paths.MANIFEST),
        pairs=results(paths.PAIRS),
    log:
        results("logs/manifest/{set}.log"),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(120),
    params:
        code=code("manifest"),
        settings=told("manifest"),
        contents=given("manifest"),
        exclude=exclude,
    shell:
        "python -m mia.stages.manifest --name {wildcards.set:q} --rows {input.rows:q}"
        " --embeddings {input.embeddings:q} {params.exclude:q} --settings {params.settings:q}"
        " --manifest {output.manifest:q} --pairs {output.pairs:q} &> {log:q}"
