"""Figures of every target, and one self-contained page."""

FIGURES = {
    "roc": "ROC on log axes",
    "scores": "Scores of members and nonmembers",
    "losses": "Loss by timestep",
}


rule figures:
    input:
        scores=scores_of,
        membership=results("targets/{target}/membership.parquet"),
        losses=loss_files,
    output:
        roc=report(
            results("figures/{target}-roc.svg"),
            category="Figures",
            subcategory="{target}",
            labels={"what": "ROC on log axes", "target": "{target}"},
            caption="../report/roc.rst",
        ),
        scores=report(
            results("figures/{target}-scores.svg"),
            category="Figures",
            subcategory="{target}",
            labels={"what": "Scores of members and nonmembers", "target": "{target}"},
            caption="../report/scores.rst",
        ),
        losses=report(
            results("figures/{target}-losses.svg"),
            category="Figures",
            subcategory="{target}",
            labels={"what": "Loss by timestep", "target": "{target}"},
            caption="../report/losses.rst",
        ),
    log:
        results("logs/figures/{target}.log"),
    conda:
        "../../envs/analysis.yaml"
    params:
        code=stage_code("figures"),
        confidence=config["evaluation"]["confidence"],
    shell:
        "python -m mia.stages.figures --target {wildcards.target} --scores {input.scores}"
        " --membership {input.membership} --losses {input.losses}"
        " --confidence {params.confidence}"
        " --roc {output.roc} --histograms {output.scores} --curves {output.losses} &> {log}"


rule report:
    input:
        summary=results("tables/summary.csv"),
        metrics=results("tables/metrics.csv"),
        audits=expand(results("audit/{target}.json"), target=config["targets"]),
        manifests=expand(results("images/{set}/manifest.parquet"), set=SETS),
        pairs=expand(results("images/{set}/pairs.parquet"), set=SETS),
        memberships=expand(
            results("targets/{target}/membership.parquet"), target=config["targets"]
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
        template=str(WORKFLOW / "report" / "page.html.j2"),
        parts=[
            str(WORKFLOW / "report" / part)
            for part in ("page_parts.html.j2", "page.css", "page.js")
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
    params:
        code=stage_code("report"),
        spec=report_spec(),
    shell:
        "python -m mia.stages.report --spec {params.spec:q} --summary {input.summary}"
        " --metrics {input.metrics} --audits {input.audits} --manifests {input.manifests}"
        " --pairs {input.pairs} --memberships {input.memberships} --models {input.models}"
        " --scores {input.scores} --samples {input.samples} --figures {input.figures}"
        " --template {input.template} --output {output} &> {log}"
