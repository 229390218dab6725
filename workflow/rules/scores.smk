"""Scores and metrics: one attack on one target at a time; then the verdict and the tables."""


rule score:
    input:
        membership=results("targets/{target}/membership.parquet"),
        signals=signals_of("model"),
        reference=signals_of("reference"),
        manifests=manifests_of_attack,
        embeddings=embeddings_of_attack,
        model=model_of_attack,
    output:
        results("scores/{target}/{attack}.parquet"),
    log:
        results("logs/score/{target}/{attack}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=attack_code,
        attack=attack_spec,
        external=lambda wildcards: options("external", external_scores(wildcards)),
        contents=external_contents,
        seed=config["seed"],
    shell:
        "python -m mia.stages.score --attack {params.attack:q} --target {wildcards.target:q}"
        " --membership {input.membership:q}"
        " --model {input.model:q} --signals {input.signals:q} --reference {input.reference:q} --manifests {input.manifests:q}"
        " --embeddings {input.embeddings:q} {params.external:q} --seed {params.seed:q} --output {output:q} &> {log:q}"


rule evaluate:
    input:
        score=results("scores/{target}/{attack}.parquet"),
        membership=results("targets/{target}/membership.parquet"),
    output:
        results("metrics/{target}/{attack}.json"),
    log:
        results("logs/evaluate/{target}/{attack}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=stage_code("evaluate"),
        settings=as_given(dump({**config["evaluation"], "seed": config["seed"]})),
        randomised=is_randomised,
    shell:
        "python -m mia.stages.evaluate --target {wildcards.target:q} --attack {wildcards.attack:q}"
        " --score {input.score:q} --membership {input.membership:q}"
        " --settings {params.settings:q} --randomised {params.randomised:q} --output {output:q} &> {log:q}"


rule audit:
    input:
        metrics=lambda wildcards: expand(
            results("metrics/{target}/{attack}.json"),
            target=wildcards.target,
            attack=EXPERIMENT.blind_attacks(wildcards.target),
        ),
        scores=lambda wildcards: expand(
            results("scores/{target}/{attack}.parquet"),
            target=wildcards.target,
            attack=EXPERIMENT.blind_attacks(wildcards.target),
        ),
        membership=results("targets/{target}/membership.parquet"),
        manifests=manifests_of_target,
        embeddings=embeddings_of_target,
        estimates=estimates_of_target,
    output:
        results("audit/{target}.json"),
    log:
        results("logs/audit/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=blind_code,
        attacks=blind_rows,
        settings=as_given(
            dump({**config["audit"], **config["evaluation"], "seed": config["seed"]})
        ),
        pairing=pairing,
    shell:
        "python -m mia.stages.audit --target {wildcards.target:q} --metrics {input.metrics:q}"
        " --scores {input.scores:q} --membership {input.membership:q}"
        " --manifests {input.manifests:q} --embeddings {input.embeddings:q}"
        " --estimates {input.estimates:q} --attacks {params.attacks:q} --settings {params.settings:q}"
        " --pairing {params.pairing:q} --output {output:q} &> {log:q}"


rule tables:
    input:
        metrics=[
            path for path in scored_files() if path.startswith(results("metrics/"))
        ],
        scores=[path for path in scored_files() if path.startswith(results("scores/"))],
        memberships=expand(
            results("targets/{target}/membership.parquet"), target=config["targets"]
        ),
        audits=expand(results("audit/{target}.json"), target=config["targets"]),
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
        code=stage_code("tables", *SIGNAL_CODE),
        attacks=as_given(dump(config["attacks"])),
        settings=as_given(dump({**config["evaluation"], "seed": config["seed"]})),
    shell:
        "python -m mia.stages.tables --metrics {input.metrics:q} --scores {input.scores:q}"
        " --memberships {input.memberships:q} --audits {input.audits:q}"
        " --attacks {params.attacks:q} --settings {params.settings:q}"
        " --long {output.metrics:q} --summary {output.summary:q} --pairwise {output.pairwise:q}"
        " --set-test {output.set_test:q} --html {output.html:q} --markdown {output.markdown:q}"
        " --checksums {output.checksums:q} &> {log:q}"
