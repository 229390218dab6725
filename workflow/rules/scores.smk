"""Scores and metrics: one attack on one target at a time; then the audit and the tables."""


rule score:
    input:
        membership=results(paths.MEMBERSHIP),
        signals=of_wildcards(RESULTS.answers),
        reference=of_wildcards(RESULTS.answers_of_reference),
        references=of_wildcards(RESULTS.answers_of_references),
        known=of_wildcards(RESULTS.references_of_attack),
        controls=of_wildcards(RESULTS.answers_of_controls),
        replicates=of_wildcards(RESULTS.answers_of_replicates),
        manifests=of_wildcards(RESULTS.manifests_of_attack),
        embeddings=of_wildcards(RESULTS.embeddings_of_attack),
        model=of_wildcards(RESULTS.model_of_attack),
    output:
        results(paths.SCORES),
    log:
        results("logs/score/{target}/{attack}.log"),
    wildcard_constraints:
        target=any_of(EXPERIMENT.with_sets()),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("score"),
        settings=told("score"),
        contents=given("score"),
        external=lambda wildcards: options("external", FILES.external(wildcards.attack)),
    shell:
        "printf '%s\\0' --target {wildcards.target:q} --settings {params.settings:q}"
        " --membership {input.membership:q} --model {input.model:q} --signals {input.signals:q}"
        " --reference {input.reference:q} --references {input.references:q}"
        " --known {input.known:q} --controls {input.controls:q}"
        " --replicates {input.replicates:q}"
        " --manifests {input.manifests:q}"
        " --embeddings {input.embeddings:q} {params.external:q} --output {output:q}"
        " | python -m mia.stages.score - &> {log:q}"


rule evaluate:
    input:
        score=results(paths.SCORES),
        membership=results(paths.MEMBERSHIP),
        manifests=of_wildcards(RESULTS.manifests_of_twin),
    output:
        results(paths.METRICS),
    log:
        results("logs/evaluate/{target}/{attack}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("evaluate"),
        settings=told("evaluate"),
    shell:
        "python -m mia.stages.evaluate --target {wildcards.target:q} --attack {wildcards.attack:q}"
        " --score {input.score:q} --membership {input.membership:q}"
        " --manifests {input.manifests:q}"
        " --settings {params.settings:q} --output {output:q} &> {log:q}"


rule audit:
    input:
        metrics=of_wildcards(RESULTS.of_attacks, template=paths.METRICS, blind=True),
        scores=of_wildcards(RESULTS.of_attacks, template=paths.SCORES, blind=True),
        membership=results(paths.MEMBERSHIP),
        manifests=of_wildcards(RESULTS.manifests),
        embeddings=of_wildcards(RESULTS.embeddings_of_target),
    output:
        results(paths.SETS_AUDIT),
    log:
        results("logs/audit/{target}.log"),
    wildcard_constraints:
        target=any_of(EXPERIMENT.with_sets()),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("audit"),
        settings=told("audit"),
    shell:
        "printf '%s\\0' --target {wildcards.target:q} --metrics {input.metrics:q}"
        " --scores {input.scores:q} --membership {input.membership:q}"
        " --manifests {input.manifests:q} --embeddings {input.embeddings:q}"
        " --settings {params.settings:q} --output {output:q}"
        " | python -m mia.stages.audit - &> {log:q}"


rule verdict:
    input:
        audit=results(paths.SETS_AUDIT),
        estimates=of_wildcards(RESULTS.estimates),
    output:
        results(paths.AUDIT),
    log:
        results("logs/verdict/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code("verdict"),
        settings=told("verdict"),
    shell:
        "python -m mia.stages.verdict --audit {input.audit:q} --estimates {input.estimates:q}"
        " --settings {params.settings:q} --output {output:q} &> {log:q}"


rule tables:
    input:
        metrics=RESULTS.of_all_attacks(paths.METRICS),
        scores=RESULTS.of_all_attacks(paths.SCORES),
        memberships=RESULTS.of_targets(paths.MEMBERSHIP),
        audits=RESULTS.of_targets(paths.AUDIT),
        generated=RESULTS.generated_scores(),
    output:
        metrics=results("tables/metrics.csv"),
        summary=results("tables/summary.csv"),
        pairwise=report(
            results("tables/pairwise.csv"),
            category="Results",
            labels={"what": "Attack against attack"},
            caption="../report/pairwise.rst",
        ),
        set_test=report(
            results("tables/set_test.csv"),
            category="Results",
            labels={"what": "Is a collection in the training data"},
            caption="../report/set_test.rst",
        ),
        answers=report(
            results("tables/answers.csv"),
            category="Results",
            labels={"what": "The answer per target"},
            caption="../report/answers.rst",
        ),
        detections=results("tables/detections.csv"),
        compare=results("tables/compare.csv"),
        generated=results("tables/generated.csv"),
        html=report(
            results("tables/summary.html"),
            category="Results",
            labels={"what": "Attacks on every target"},
            caption="../report/summary.rst",
        ),
        markdown=results("tables/summary.md"),
        checksums=results("tables/checksums.json"),
    log:
        results("logs/tables.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("tables"),
        settings=told("tables"),
    shell:
        "printf '%s\\0' --metrics {input.metrics:q} --scores {input.scores:q}"
        " --memberships {input.memberships:q} --audits {input.audits:q}"
        " --generated-scores {input.generated:q}"
        " --settings {params.settings:q} --long {output.metrics:q} --summary {output.summary:q}"
        " --pairwise {output.pairwise:q} --set-test {output.set_test:q}"
        " --answers {output.answers:q} --detections {output.detections:q}"
        " --compare {output.compare:q} --generated {output.generated:q}"
        " --html {output.html:q} --markdown {output.markdown:q} --checksums {output.checksums:q}"
        " | python -m mia.stages.tables - &> {log:q}"
