"""fair-mia: from pictures and a model to attack scores, verdicts and one report."""

from snakemake.utils import min_version

min_version("9.20")


include: "workflow/rules/config_form.smk"


if not workflow.overwrite_configfiles:

    configfile: DEFAULT_CONFIG


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/contents.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/inputs_upstream.smk"
include: "workflow/rules/inputs_downstream.smk"
include: "workflow/rules/inputs_report.smk"
include: "workflow/rules/images.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/signals.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/order.smk"


localrules:
    all,
    measured,


rule all:
    default_target: True
    input:
        gpu_or_end,
        measured_files(),
        scored_files(),
        reported_files(),


rule measured:
    input:
        gpu_or_end,
        measured_files(),
        memberships(),
