"""Figures of every target, and one self-contained page."""

FIGURES = {
    "roc": "ROC on log axes",
    "scores": "Scores of members and nonmembers",
    "losses": "Loss by timestep",
}


def reported_files():
    figures = expand(
        R + "/figures/{target}-{figure}.svg", target=config["targets"], figure=FIGURES
    )
    return [R + "/tables/summary.csv", R + "/report.html", *figures]


def loss_files(wildcards):
    """Query files of the signal `denoise`: what loss curves are drawn from."""
    model = config["targets"][wildcards.target]["model"]
    return [
        path
        for image_set in target_sets(wildcards.target)
        for path in query_files(model, image_set, EXPERIMENT.wanted(model, image_set))
        if "/denoise/" in path
    ]


rule figures:
    input:
        scores=scores_of,
        membership=R + "/targets/{target}/membership.parquet",
        losses=loss_files,
    output:
        roc=report(
            R + "/figures/{target}-roc.svg",
            category="Figures",
            subcategory="{target}",
            labels={"what": "ROC on log axes", "target": "{target}"},
            caption="../report/roc.rst",
        ),
        scores=report(
            R + "/figures/{target}-scores.svg",
            category="Figures",
            subcategory="{target}",
            labels={"what": "Scores of members and nonmembers", "target": "{target}"},
            caption="../report/scores.rst",
        ),
        losses=report(
            R + "/figures/{target}-losses.svg",
            category="Figures",
            subcategory="{target}",
            labels={"what": "Loss by timestep", "target": "{target}"},
            caption="../report/losses.rst",
        ),
    log:
        R + "/logs/figures/{target}.log",
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


def pictured(image_set):
    """Whether the report may show pictures of an image set."""
    choice = config["report"]["pictures"]
    return choice == "thumbnails" or (
        choice == "builtin" and SETS[image_set]["source"] == "builtin"
    )


def report_spec():
    """What the page says about the experiment besides its numbers."""
    keys = (
        "seed",
        "image_sets",
        "training",
        "models",
        "targets",
        "attacks",
        "measure",
        "audit",
        "evaluation",
    )
    return dump(
        {
            **{key: config[key] for key in keys},
            "pictured": [image_set for image_set in SETS if pictured(image_set)],
        }
    )


rule report:
    input:
        summary=R + "/tables/summary.csv",
        metrics=R + "/tables/metrics.csv",
        audits=expand(R + "/audit/{target}.json", target=config["targets"]),
        manifests=expand(R + "/images/{set}/manifest.parquet", set=SETS),
        pairs=expand(R + "/images/{set}/pairs.parquet", set=SETS),
        memberships=expand(
            R + "/targets/{target}/membership.parquet", target=config["targets"]
        ),
        scores=[path for path in scored_files() if path.startswith(R + "/scores/")],
        models=expand(
            R + "/models/{model}/model.json",
            model=sorted({model for model, _ in EXPERIMENT.pairs}),
        ),
        samples=expand(
            R + "/training/{training}/samples.png", training=config["training"]
        ),
        figures=expand(
            R + "/figures/{target}-{figure}.svg",
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
            R + "/report.html",
            category="Results",
            # One label: two items that differ in a second one break Snakemake's page (a toggle
            # without the other half).
            labels={"what": "The whole report"},
            caption="../report/page.rst",
        ),
    log:
        R + "/logs/report.log",
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
