"""Targets: who is a member in which, what references learnt, and which captions are exchanged."""


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


rule references:
    input:
        membership=results(paths.MEMBERSHIP),
        manifests=of_wildcards(RESULTS.manifests),
        learnt=of_wildcards(RESULTS.manifests_of_references),
    output:
        results(paths.REFERENCES),
    log:
        results("logs/references/{target}.log"),
    priority: 100  # It refuses a target too.
    conda:
        "../../envs/images.yaml"
    resources:
        mem_mb=growing(8000),
        runtime=growing(60),
    params:
        code=code("references"),
        settings=told("references"),
        contents=given("references"),
    shell:
        "python -m mia.stages.references --target {wildcards.target:q}"
        " --membership {input.membership:q} --manifests {input.manifests:q}"
        " --learnt {input.learnt:q} --settings {params.settings:q} --output {output:q} &> {log:q}"


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
