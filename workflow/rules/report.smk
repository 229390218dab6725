"""Figures of every target, and one self-contained page."""

FIGURES = {
    "roc": "ROC on log axes",
    "scores": "Scores of members and nonmembers",
    "losses": "Loss by timestep",
    "timesteps": "AUC by timestep",
    "correlations": "Correlation of attacks",
    "costs": "AUC against evals per picture",
}


rule figures:
    input:
        scores=scores_of,
        metrics=metrics_of,
        membership=results("targets/{target}/membership.parquet"),
        losses=loss_files,
    output:
        [reported_figure(figure) for figure in FIGURES],
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
        settings=dump({**config["evaluation"], "seed": config["seed"]}),
    shell:
        "python -m mia.stages.figures --target {wildcards.target} --scores {input.scores}"
        " --metrics {input.metrics} --membership {input.membership} --losses {input.losses}"
        " --evals {params.evals:q} --settings {params.settings:q} --output {output} &> {log}"


rule report:
    input:
        summary=results("tables/summary.csv"),
        metrics=results("tables/metrics.csv"),
        pairwise=results("tables/pairwise.csv"),
        set_test=results("tables/set_test.csv"),
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
        texts=[
            str(WORKFLOW.parent / "docs" / f"{page}.md")
            for page in ("checks", "ethics")
        ],
        template=str(WORKFLOW / "report" / "page.html.j2"),
        parts=[
            str(WORKFLOW / "report" / part)
            for part in (
                "page_parts.html.j2",
                "target_further.html.j2",
                "page.css",
                "page.js",
            )
        ],
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
        spec=report_spec(),
    shell:
        "python -m mia.stages.report --spec {params.spec:q} --summary {input.summary}"
        " --metrics {input.metrics} --audits {input.audits} --manifests {input.manifests}"
        " --pairs {input.pairs} --memberships {input.memberships}"
        " --target-pairs {input.target_pairs} --models {input.models}"
        " --scores {input.scores} --samples {input.samples} --figures {input.figures}"
        " --pairwise {input.pairwise} --set-test {input.set_test}"
        " --texts {input.texts} --template {input.template} --output {output} &> {log}"
