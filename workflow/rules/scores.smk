"""Scores and metrics: one attack on one target at a time; then the verdict and the tables."""


def signals_of(field):
    """Input function: query files of an attack, from the target's model or its reference."""

    def files(wildcards):
        model = config["targets"][wildcards.target].get(field)
        attack = EXPERIMENT.attacks[wildcards.attack]
        if model is None or (field == "reference" and not reads(attack, "reference")):
            return []
        queries = sorted(set(attack.queries))
        return [
            path
            for image_set in target_sets(wildcards.target)
            for path in query_files(model, image_set, queries)
        ]

    return files


def model_of_attack(wildcards):
    """The schedule that an attack's algebra needs; nothing for one that asks no query."""
    if not EXPERIMENT.attacks[wildcards.attack].queries:
        return []
    return f"{R}/models/{config['targets'][wildcards.target]['model']}/model.json"


def manifests_of_attack(wildcards):
    if not reads(EXPERIMENT.attacks[wildcards.attack], "images"):
        return []
    return expand(R + "/images/{set}/manifest.parquet", set=target_sets(wildcards.target))


def attack_code(wildcards):
    return stage_code("score", f"mia.attacks.{EXPERIMENT.module(wildcards.attack)}")


def attack_spec(wildcards):
    return dump({"name": wildcards.attack, "row": config["attacks"][wildcards.attack]})


rule score:
    input:
        membership=R + "/targets/{target}/membership.parquet",
        signals=signals_of("model"),
        reference=signals_of("reference"),
        manifests=manifests_of_attack,
        model=model_of_attack,
    output:
        R + "/scores/{target}/{attack}.parquet",
    log:
        R + "/logs/score/{target}/{attack}.log",
    params:
        code=attack_code,
        attack=attack_spec,
        seed=config["seed"],
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python -m mia.stages.score --attack {params.attack:q} --membership {input.membership}"
        " --model {input.model} --signals {input.signals} --reference {input.reference} --manifests {input.manifests}"
        " --seed {params.seed} --output {output} &> {log}"


rule evaluate:
    input:
        score=R + "/scores/{target}/{attack}.parquet",
        membership=R + "/targets/{target}/membership.parquet",
    output:
        R + "/metrics/{target}/{attack}.json",
    log:
        R + "/logs/evaluate/{target}/{attack}.log",
    params:
        code=stage_code("evaluate"),
        settings=dump({**config["evaluation"], "seed": config["seed"]}),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python -m mia.stages.evaluate --target {wildcards.target} --attack {wildcards.attack}"
        " --score {input.score} --membership {input.membership}"
        " --settings {params.settings:q} --output {output} &> {log}"


def is_by_design(wildcards):
    """Both sides come from one set's seeded split, unmatched: exchangeable by construction."""
    target = config["targets"][wildcards.target]
    sides = [EXPERIMENT.parts(target[side]) for side in ("members", "nonmembers")]
    split = SETS[sides[0][0]].get("split", {})
    return (
        sides[0][0] == sides[1][0]
        and target["match"] == "none"
        and all(part in split for _, parts in sides for part in parts)
    )


rule audit:
    input:
        metrics=lambda wildcards: expand(
            R + "/metrics/{target}/{attack}.json",
            target=wildcards.target,
            attack=EXPERIMENT.blind_attacks(),
        ),
        scores=lambda wildcards: expand(
            R + "/scores/{target}/{attack}.parquet",
            target=wildcards.target,
            attack=EXPERIMENT.blind_attacks(),
        ),
        membership=R + "/targets/{target}/membership.parquet",
    output:
        R + "/audit/{target}.json",
    log:
        R + "/logs/audit/{target}.log",
    params:
        code=stage_code("audit"),
        settings=dump({**config["audit"], **config["evaluation"], "seed": config["seed"]}),
        by_design=is_by_design,
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python -m mia.stages.audit --target {wildcards.target} --metrics {input.metrics}"
        " --scores {input.scores} --membership {input.membership}"
        " --settings {params.settings:q} --by-design {params.by_design} --output {output} &> {log}"


rule tables:
    input:
        metrics=[path for path in scored_files() if path.startswith(R + "/metrics/")],
        scores=[path for path in scored_files() if path.startswith(R + "/scores/")],
        memberships=expand(R + "/targets/{target}/membership.parquet", target=config["targets"]),
        audits=expand(R + "/audit/{target}.json", target=config["targets"]),
    output:
        metrics=R + "/tables/metrics.csv",
        summary=R + "/tables/summary.csv",
        html=report(
            R + "/tables/summary.html",
            category="Results",
            labels={"what": "Attacks on every target"},
            caption="../report/summary.rst",
        ),
        markdown=R + "/tables/summary.md",
    log:
        R + "/logs/tables.log",
    params:
        code=stage_code("tables", *SIGNAL_CODE),
        attacks=dump(config["attacks"]),
        settings=dump({**config["evaluation"], "seed": config["seed"]}),
    conda:
        "../../envs/analysis.yaml"
    shell:
        "python -m mia.stages.tables --metrics {input.metrics} --scores {input.scores}"
        " --memberships {input.memberships} --audits {input.audits}"
        " --attacks {params.attacks:q} --settings {params.settings:q}"
        " --long {output.metrics} --summary {output.summary} --html {output.html}"
        " --markdown {output.markdown} &> {log}"
