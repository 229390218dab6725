"""Figures of every target, and one self-contained page."""

from mia.report.figures.shared.shelf import figure_code, known_figures, on_page

FIGURES = [one.name for one in known_figures()]


rule figures:
    input:
        scores=of_wildcards(RESULTS.of_attacks, template=paths.SCORES),
        metrics=of_wildcards(RESULTS.of_attacks, template=paths.METRICS),
        membership=results(paths.MEMBERSHIP),
    output:
        [figure(one) for one in known_figures(["scores"])],
    log:
        results("logs/figures/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("figures", *figure_code("scores")),
        settings=told("figures"),
    shell:
        "python -m mia.stages.figures --target {wildcards.target:q} --scores {input.scores:q}"
        " --metrics {input.metrics:q} --membership {input.membership:q}"
        " --settings {params.settings:q} --output {output:q} &> {log:q}"


# A rule apart from the figures of scores: a changed attack draws none of these again.
rule loss_figures:
    input:
        membership=results(paths.MEMBERSHIP),
        losses=of_wildcards(RESULTS.losses),
    output:
        [figure(one) for one in known_figures(["losses"])],
    log:
        results("logs/loss_figures/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("loss_figures", *figure_code("losses")),
        settings=told("loss_figures"),
    shell:
        "printf '%s\\0' --target {wildcards.target:q}"
        " --membership {input.membership:q} --losses {input.losses:q}"
        " --settings {params.settings:q} --output {output:q}"
        " | python -m mia.stages.loss_figures - &> {log:q}"


rule report:
    input:
        summary=results("tables/summary.csv"),
        metrics=results("tables/metrics.csv"),
        pairwise=results("tables/pairwise.csv"),
        set_test=results("tables/set_test.csv"),
        answers=results("tables/answers.csv"),
        detections=results("tables/detections.csv"),
        compare=results("tables/compare.csv"),
        generated=results("tables/generated.csv"),
        checksums=results("tables/checksums.json"),
        audits=RESULTS.of_targets(paths.AUDIT),
        manifests=RESULTS.of(paths.MANIFEST, set=SETS),
        pairs=RESULTS.of(paths.PAIRS, set=SETS),
        memberships=RESULTS.of_targets(paths.MEMBERSHIP),
        target_pairs=RESULTS.of_targets(paths.TARGET_PAIRS),
        scores=RESULTS.of_all_attacks(paths.SCORES),
        models=RESULTS.of(paths.MODEL, model=sorted({*dict(EXPERIMENT.pairs)})),
        samples=RESULTS.of(paths.SAMPLES, training=EXPERIMENT.shown_trainings),
        figures=RESULTS.of(paths.FIGURE, target=TARGETS, figure=FIGURES),
    output:
        report(
            results(paths.REPORT),
            category="Results",
            # There is one label only: two items that differ in a second label break Snakemake's
            # page, which then shows a toggle without the other half.
            labels={"what": "The whole report"},
            caption="../report/page.rst",
        ),
    log:
        results("logs/report.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=code("report"),
        settings=told("report"),
        contents=given("report"),
        figures=lambda wildcards: on_page(),
    shell:
        "printf '%s\\0' --settings {params.settings:q} --summary {input.summary:q}"
        " --metrics {input.metrics:q} --audits {input.audits:q} --manifests {input.manifests:q}"
        " --pairs {input.pairs:q} --memberships {input.memberships:q}"
        " --target-pairs {input.target_pairs:q} --models {input.models:q}"
        " --scores {input.scores:q} --samples {input.samples:q} --figures {input.figures:q}"
        " --pairwise {input.pairwise:q} --set-test {input.set_test:q}"
        " --answers {input.answers:q} --detections {input.detections:q}"
        " --compare {input.compare:q} --generated {input.generated:q} --output {output:q}"
        " | python -m mia.stages.report - &> {log:q}"


if config["report"]["export"]:

    rule export:
        input:
            scores=RESULTS.of_all_attacks(paths.SCORES),
            memberships=RESULTS.of_targets(paths.MEMBERSHIP),
            audits=RESULTS.of_targets(paths.AUDIT),
            losses=RESULTS.exported_losses(),
        output:
            scores=results(paths.SCORE_TABLE),
            losses=results(paths.LOSS_TABLE),
        log:
            results("logs/export.log"),
        conda:
            "../../envs/analysis.yaml"
        resources:
            mem_mb=growing(4000),
            runtime=growing(60),
        params:
            code=code("export"),
            settings=told("export"),
            folder=R,
        shell:
            "printf '%s\\0' --scores {input.scores:q}"
            " --memberships {input.memberships:q} --audits {input.audits:q}"
            " --results {params.folder:q} --settings {params.settings:q}"
            " --score-table {output.scores:q} --loss-table {output.losses:q}"
            " | python -m mia.stages.export - &> {log:q}"
