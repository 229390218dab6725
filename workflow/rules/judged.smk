"""Targets before any model is asked: tables of scores alone, and the gate that may end the run."""

for target in EXPERIMENT.with_scores():

    rule:
        name:
            f"given_scores_{target}"
        output:
            membership=RESULTS.of(paths.MEMBERSHIP, target=target),
            pairs=RESULTS.of(paths.TARGET_PAIRS, target=target),
            audit=RESULTS.of(paths.SETS_AUDIT, target=target),
            scores=RESULTS.of_attacks(paths.SCORES, target),
        log:
            f"{R}/logs/given_scores/{target}.log",
        conda:
            "../../envs/images.yaml"
        resources:
            mem_mb=growing(4000),
            runtime=growing(60),
        params:
            name=target,
            code=code("given_scores"),
            settings=told("given_scores"),
            contents=given("given_scores", target=target),
            table=of_wildcards(FILES.table, partial(options, "table"), target=target),
        shell:
            "python -m mia.stages.given_scores --name {params.name:q} {params.table:q}"
            " --settings {params.settings:q} --membership {output.membership:q}"
            " --pairs {output.pairs:q} --audit {output.audit:q} --scores {output.scores:q} &> {log:q}"


if EXPERIMENT.may_stop:

    # Costly jobs wait for it (config/stage_order.py).
    rule gate:
        input:
            RESULTS.of_image_targets(paths.SETS_AUDIT),
        output:
            results(paths.GATE),
        log:
            results("logs/gate.log"),
        conda:
            "../../envs/analysis.yaml"
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            code=code("gate"),
            settings=told("gate"),
        shell:
            "python -m mia.stages.gate --audits {input:q} --settings {params.settings:q}"
            " --output {output:q} &> {log:q}"
