"""A target's third side: images that its model makes, and what attacks make of them."""


# In place of `download`, for the sets that a target's model makes.
rule generate:
    input:
        plan=results(paths.PLAN),
        model=of_wildcards(RESULTS.model_of_generated),
    output:
        pictures=results(paths.PICTURES),
        downloads=results(paths.DOWNLOADS),
    log:
        results("logs/generate/{set}/{shard}.log"),
    benchmark:
        results("benchmarks/generate/{set}/{shard}.tsv")
    wildcard_constraints:
        set=any_of(MADE),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=CARDS,
    params:
        code=code("generate"),
        settings=told("generate"),
    shell:
        "python -m mia.stages.generate --plan {input.plan:q} --model {input.model:q}"
        " --settings {params.settings:q} --threads {threads} --pictures {output.pictures:q}"
        " --downloads {output.downloads:q} &> {log:q}"


rule score_generated:
    input:
        membership=results(paths.MEMBERSHIP),
        model=of_wildcards(RESULTS.model_of_attack),
        signals=of_wildcards(RESULTS.answers),
        reference=of_wildcards(RESULTS.answers_of_reference),
        manifests=of_wildcards(RESULTS.manifests_of_attack),
        embeddings=of_wildcards(RESULTS.embeddings_of_attack),
        made=of_wildcards(RESULTS.manifest_of_generated),
        made_signals=of_wildcards(RESULTS.answers_on_generated),
        made_reference=of_wildcards(RESULTS.reference_on_generated),
        made_embeddings=of_wildcards(RESULTS.embeddings_of_generated),
    output:
        results(paths.GENERATED_SCORES),
    log:
        results("logs/score_generated/{target}/{attack}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("score_generated"),
        settings=told("score_generated"),
    shell:
        "printf '%s\\0' --target {wildcards.target:q}"
        " --settings {params.settings:q} --membership {input.membership:q} --model {input.model:q}"
        " --signals {input.signals:q} --reference {input.reference:q}"
        " --manifests {input.manifests:q} --embeddings {input.embeddings:q}"
        " --made {input.made:q} --made-signals {input.made_signals:q}"
        " --made-reference {input.made_reference:q} --made-embeddings {input.made_embeddings:q}"
        " --output {output:q}"
        " | python -m mia.stages.score_generated - &> {log:q}"
