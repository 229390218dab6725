"""Image sets: plan, download, open, deduplicate, split; and who is a member in which target."""

IMAGES = R + "/images/{set}"
CAPTION_TABLE = WORKFLOW / "mia" / "images" / "openmoji_names.csv"
PLAN_KEYS = "source builtin path captions url caption collection limit alternates parts".split()


def selected(spec, keys):
    return dump({key: spec[key] for key in keys if key in spec})


def tables_of_source(image_set):
    """Files a plan is made from, besides the pictures; the plan stage reports a missing one."""
    spec = SETS[image_set]
    found = [str(CAPTION_TABLE)] if spec["source"] == "builtin" else []
    for part in (spec, *spec.get("parts", {}).values()):
        part = {**spec, **part}
        found += [part[key] for key in ("captions",) if key in part]
        found += [part["path"]] if part["source"] == "urls" and "path" in part else []
    return sorted(path for path in set(found) if Path(path).is_file())


def pictures_of_source(image_set):
    """Picture files of a folder set; a missing folder is reported by the plan stage."""
    spec = SETS[image_set]
    if spec["source"] != "folder":
        return []
    folders = {part.get("path") for part in (spec, *spec.get("parts", {}).values())} - {None}
    return sorted(str(path) for folder in folders for path in Path(folder).rglob("*") if path.is_file())


for image_set in SETS:

    rule:
        name:
            f"plan_{image_set}"
        input:
            tables=tables_of_source(image_set),
            pictures=pictures_of_source(image_set),
        output:
            by_shard(IMAGES + "/plan/{shard}.parquet", image_set),
        log:
            f"{R}/logs/plan/{image_set}.log",
        params:
            code=stage_code("plan", "mia.images.openmoji"),
            spec=selected(SETS[image_set], PLAN_KEYS),
        conda:
            "../../envs/images.yaml"
        shell:
            "python -m mia.stages.plan --name {image_set} --spec {params.spec:q}"
            " --output {output} &> {log}"


rule download:
    input:
        plan=IMAGES + "/plan/{shard}.parquet",
        pictures=lambda wildcards: pictures_of_source(wildcards.set),
    output:
        pictures=IMAGES + "/raw/{shard}/pictures.tar",
        downloads=IMAGES + "/raw/{shard}/downloads.parquet",
    log:
        R + "/logs/download/{set}/{shard}.log",
    benchmark:
        R + "/benchmarks/download/{set}/{shard}.tsv"
    params:
        code=stage_code("download", "mia.images.openmoji"),
        spec=lambda wildcards: selected(SETS[wildcards.set], ["source", "builtin", "timeout"]),
    resources:
        mem_mb=4000,
    conda:
        "../../envs/images.yaml"
    shell:
        "python -m mia.stages.download --plan {input.plan} --spec {params.spec:q}"
        " --pictures {output.pictures} --downloads {output.downloads} &> {log}"


rule rows:
    input:
        plan=IMAGES + "/plan/{shard}.parquet",
        pictures=IMAGES + "/raw/{shard}/pictures.tar",
        downloads=IMAGES + "/raw/{shard}/downloads.parquet",
    output:
        IMAGES + "/rows/{shard}.parquet",
    log:
        R + "/logs/rows/{set}/{shard}.log",
    params:
        code=stage_code("rows"),
        pixel_limit=lambda wildcards: SETS[wildcards.set]["pixel_limit"],
    resources:
        mem_mb=2000,
    conda:
        "../../envs/images.yaml"
    shell:
        "python -m mia.stages.rows --plan {input.plan} --pictures {input.pictures}"
        " --downloads {input.downloads} --pixel-limit {params.pixel_limit}"
        " --output {output} &> {log}"


def manifest_spec(wildcards):
    spec = selected(SETS[wildcards.set], ["split", "duplicates", "min_success"])
    return dump({**json.loads(spec), "seed": config["seed"]})


rule manifest:
    input:
        lambda wildcards: by_shard(IMAGES + "/rows/{shard}.parquet", wildcards.set),
    output:
        manifest=IMAGES + "/manifest.parquet",
        pairs=IMAGES + "/pairs.parquet",
    log:
        R + "/logs/manifest/{set}.log",
    params:
        code=stage_code("manifest"),
        spec=manifest_spec,
    resources:
        mem_mb=4000,
    conda:
        "../../envs/images.yaml"
    shell:
        "python -m mia.stages.manifest --name {wildcards.set} --rows {input}"
        " --spec {params.spec:q} --manifest {output.manifest} --pairs {output.pairs} &> {log}"


def membership_spec(wildcards):
    """Both sides as [set, parts], the rule for duplicates, the seed."""
    target = config["targets"][wildcards.target]
    spec = {side: EXPERIMENT.parts(target[side]) for side in ("members", "nonmembers")}
    duplicates = SETS[spec["members"][0]]["duplicates"]
    return dump({**spec, "duplicates": duplicates, "match": target["match"], "seed": config["seed"]})


rule membership:
    input:
        lambda wildcards: expand(IMAGES + "/manifest.parquet", set=target_sets(wildcards.target)),
    output:
        R + "/targets/{target}/membership.parquet",
    log:
        R + "/logs/membership/{target}.log",
    params:
        code=stage_code("membership"),
        spec=membership_spec,
    # An impossible target stops the run before anything is trained or measured.
    priority: 100
    conda:
        "../../envs/images.yaml"
    shell:
        "python -m mia.stages.membership --name {wildcards.target} --manifests {input}"
        " --spec {params.spec:q} --output {output} &> {log}"
