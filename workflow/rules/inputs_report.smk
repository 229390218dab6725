"""Named input and parameter functions of figures and report."""

from mia.cost.signals import evals_alone


def reported_files():
    figures = expand(
        results("figures/{target}-{figure}.svg"),
        target=config["targets"],
        figure=FIGURES,
    )
    shown = [results(f"tables/summary.{ending}") for ending in ("csv", "md", "html")]
    return [*shown, results("report.html"), *figures]


def reported_figure(figure):
    """One figure of every target, for the report of Snakemake too."""
    return report(
        results(f"figures/{{target}}-{figure}.svg"),
        category="Figures",
        subcategory="{target}",
        labels={"what": FIGURES[figure], "target": "{target}"},
        caption=f"../report/{figure}.rst",
    )


def metrics_of(wildcards):
    return expand(
        results("metrics/{target}/{attack}.json"),
        target=wildcards.target,
        attack=EXPERIMENT.attacks_of(wildcards.target),
    )


def evals_of(wildcards):
    """Evals per picture of each attack of a target, run alone."""
    names = EXPERIMENT.attacks_of(wildcards.target)
    return dump({name: evals_alone([EXPERIMENT.attacks[name]]) for name in names})


def loss_files(wildcards):
    """Query files of the signal `denoise`: what loss curves are drawn from."""
    model = config["targets"][wildcards.target]["model"]
    return [
        path
        for image_set in target_sets(wildcards.target)
        for path in query_files(model, image_set, EXPERIMENT.wanted(model, image_set))
        if "/denoise/" in path
    ]


def pictured(image_set):
    """Whether the report may show pictures of an image set."""
    choice = config["report"]["pictures"]
    return choice == "thumbnails" or (
        choice == "builtin" and source(SETS[image_set]["source"]).may_be_shown
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
            "controls": [
                name for name in config["targets"] if EXPERIMENT.is_control(name)
            ],
            "pictured": [image_set for image_set in SETS if pictured(image_set)],
        }
    )
