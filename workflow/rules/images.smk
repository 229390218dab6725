"""Image sets: plan, download, open, deduplicate, split; and who is a member in which target."""

for image_set in SETS:

    rule:
        name:
            f"plan_{image_set}"
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
            " --output {output:q} &> {log:q}"


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
    shell:
        "python -m mia.stages.download --plan {input.plan:q} --settings {params.settings:q}"
        " {params.exclude:q} --pictures {output.pictures:q} --downloads {output.downloads:q} &> {log:q}"


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
            " --channel {wildcards.channel}"
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


rule membership:
    input:
        manifests=of_wildcards(RESULTS.manifests),
    output:
        membership=results(paths.MEMBERSHIP),
        pairs=results(paths.TARGET_PAIRS),
    log:
        results("logs/membership/{target}.log"),
    wildcard_constraints:
        target=any_of(EXPERIMENT.with_sets()),
    # An impossible target stops the run before anything is encoded, trained or measured: those
    # jobs wait for this one (config/stage_order.py).
    priority: 100
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("membership"),
        settings=told("membership"),
        contents=given("membership"),
        known=lambda wildcards: options("known", FILES.known(wildcards.target)),
    shell:
        "python -m mia.stages.membership --name {wildcards.target:q} --manifests {input.manifests:q}"
        " {params.known:q} --settings {params.settings:q} --membership {output.membership:q}"
        " --pairs {output.pairs:q} &> {log:q}"


rule other_captions:
    input:
        membership=results(paths.MEMBERSHIP),
        manifests=of_wildcards(RESULTS.manifests),
    output:
        results(paths.OTHER_CAPTIONS),
    log:
        results("logs/other_captions/{target}.log"),
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("other_captions"),
        settings=told("other_captions"),
    shell:
        "python -m mia.stages.other_captions --target {wildcards.target:q}"
        " --membership {input.membership:q} --manifests {input.manifests:q}"
        " --settings {params.settings:q} --output {output:q} &> {log:q}"
