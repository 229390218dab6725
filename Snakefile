"""fair-mia: from images and a model to attack scores, verdicts and one report."""

from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/config_form.smk"


if not workflow.overwrite_configfiles:

    configfile: DEFAULT_CONFIG


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/judged.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/report.smk"


if MADE:

    include: "workflow/rules/generated.smk"


if EXPERIMENT.signals:

    include: "workflow/rules/signals.smk"


localrules:
    all,
    audited,
    measured,


rule all:
    default_target: True
    input:
        gpu_or_end,
        RESULTS.judged(),
        RESULTS.measured(),
        RESULTS.of_targets(paths.MEMBERSHIP),
        RESULTS.of_all_attacks(paths.SCORES),
        RESULTS.of_all_attacks(paths.METRICS),
        RESULTS.of(paths.FIGURE, target=TARGETS, figure=FIGURES),
        rules.tables.output,
        rules.report.output,
        RESULTS.exported(),


# The sets of every target, judged; no model is asked for it.
rule audited:
    input:
        RESULTS.judged(),


rule measured:
    input:
        gpu_or_end,
        RESULTS.gate(),
        RESULTS.measured(),
        RESULTS.of_targets(paths.MEMBERSHIP),
        RESULTS.of(paths.REFERENCES, target=EXPERIMENT.with_references()),
