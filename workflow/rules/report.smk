"""Figures of every target, and one self-contained page."""

SCORE_FIGURES = {
    "roc": "ROC on log axes",
    "scores": "Scores of members and nonmembers",
    "correlations": "Correlation of attacks",
    "costs": "AUC against evals per picture",
}
LOSS_FIGURES = {
    "losses": "Loss by timestep",
    "timesteps": "AUC by timestep",
}
FIGURES = {**SCORE_FIGURES, **LOSS_FIGURES}

PAGE_PARTS = (
    "docs/checks.md",
    "docs/ethics.md",
    *(
        f"workflow/report/{part}"
        for part in (
            "page.html.j2",
            "page_parts.html.j2",
            "target_further.html.j2",
            "page.css",
            "page.js",
        )
    ),
)


rule figures:
    input:
        scores=scores_of,
        metrics=metrics_of,
        membership=results("targets/{target}/membership.parquet"),
    output:
        [reported_figure(figure) for figure in SCORE_FIGURES],
    log:
        results("logs/figures/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=stage_code("figures"),
        evals=evals_of,
        settings=as_given(dump({**config["evaluation"], "seed": config["seed"]})),
    shell:
        "python -m mia.stages.figures --target {wildcards.target:q} --scores {input.scores:q}"
        " --metrics {input.metrics:q} --membership {input.membership:q}"
        " --evals {params.evals:q} --settings {params.settings:q} --output {output:q} &> {log:q}"


# Apart from the figures of scores: a changed attack draws none of these again.
rule loss_figures:
    input:
        membership=results("targets/{target}/membership.parquet"),
        losses=loss_files,
    output:
        [reported_figure(figure) for figure in LOSS_FIGURES],
    log:
        results("logs/loss_figures/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        code=stage_code("loss_figures"),
        settings=as_given(dump({**config["evaluation"], "seed": config["seed"]})),
    shell:
        "python -m mia.stages.loss_figures --target {wildcards.target:q}"
        " --membership {input.membership:q} --losses {input.losses:q}"
        " --settings {params.settings:q} --output {output:q} &> {log:q}"


rule report:
    input:
        summary=results("tables/summary.csv"),
        metrics=results("tables/metrics.csv"),
        pairwise=results("tables/pairwise.csv"),
        set_test=results("tables/set_test.csv"),
        checksums=results("tables/checksums.json"),
        audits=expand(results("audit/{target}.json"), target=config["targets"]),
        manifests=expand(results("images/{set}/manifest.parquet"), set=SETS),
        pairs=expand(results("images/{set}/pairs.parquet"), set=SETS),
        memberships=expand(
            results("targets/{target}/membership.parquet"), target=config["targets"]
        ),
        target_pairs=expand(
            results("targets/{target}/pairs.parquet"), target=config["targets"]
        ),
        scores=[path for path in scored_files() if path.startswith(results("scores/"))],
        models=expand(
            results("models/{model}/model.json"),
            model=sorted({model for model, _ in EXPERIMENT.pairs}),
        ),
        samples=expand(
            results("training/{training}/samples.png"), training=config["training"]
        ),
        figures=expand(
            results("figures/{target}-{figure}.svg"),
            target=config["targets"],
            figure=FIGURES,
        ),
    output:
        report(
            results("report.html"),
            category="Results",
            # One label: two items that differ in a second one break Snakemake's page (a toggle
            # without the other half).
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
        code=stage_code("report"),
        spec=as_given(report_spec()),
        contents=lambda wildcards: package_contents(*PAGE_PARTS),
    shell:
        "python -m mia.stages.report --spec {params.spec:q} --summary {input.summary:q}"
        " --metrics {input.metrics:q} --audits {input.audits:q} --manifests {input.manifests:q}"
        " --pairs {input.pairs:q} --memberships {input.memberships:q}"
        " --target-pairs {input.target_pairs:q} --models {input.models:q}"
        " --scores {input.scores:q} --samples {input.samples:q} --figures {input.figures:q}"
        " --pairwise {input.pairwise:q} --set-test {input.set_test:q}"
        " --output {output:q} &> {log:q}"
