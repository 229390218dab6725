"""Models: trained here, from a folder or from the hub; all end in one model.json. Then latents."""

TRAINING = R + "/training/{training}"


def training_settings(wildcards):
    """Everything that changes the weights; not the names of sets, which the pictures stand for."""
    training = dict(config["training"][wildcards.training])
    for key in ("set", "representation_set", "like"):
        training.pop(key, None)
    training["keep"] = EXPERIMENT.kept_epochs(wildcards.training)
    return dump({**training, "seed": config["seed"]})


def trained_on(key):
    """Input function: manifest and pictures of the image set under `key` of a training."""

    def files(wildcards):
        image_set, _ = EXPERIMENT.parts(config["training"][wildcards.training][key])
        return {
            "manifest": f"{R}/images/{image_set}/manifest.parquet",
            "pictures": raw_pictures(image_set),
        }

    return files


def parts_of(key):
    def parts(wildcards):
        return EXPERIMENT.parts(config["training"][wildcards.training][key])[1]

    return parts


def vae_of_training(wildcards):
    training = config["training"][wildcards.training]
    return f"{R}/training/{training.get('like', wildcards.training)}/vae/vae.json"


def threads_of_training(wildcards):
    return config["training"][wildcards.training]["threads"]


rule vae:
    input:
        unpack(trained_on("representation_set")),
    output:
        TRAINING + "/vae/vae.json",
    log:
        R + "/logs/vae/{training}.log",
    benchmark:
        R + "/benchmarks/vae/{training}.tsv"
    params:
        code=stage_code("vae"),
        settings=training_settings,
        parts=parts_of("representation_set"),
        ledger=R + "/ledger/train",
    threads: threads_of_training
    resources:
        mem_mb=4000,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python -m mia.stages.vae --manifest {input.manifest} --pictures {input.pictures}"
        " --parts {params.parts} --settings {params.settings:q} --ledger {params.ledger}"
        " --output {output} &> {log}"


rule train:
    input:
        unpack(trained_on("set")),
        vae=vae_of_training,
    output:
        index=TRAINING + "/index.json",
        samples=TRAINING + "/samples.png",
    log:
        R + "/logs/train/{training}.log",
    benchmark:
        R + "/benchmarks/train/{training}.tsv"
    params:
        code=stage_code("train"),
        settings=training_settings,
        parts=parts_of("set"),
        ledger=R + "/ledger/train",
    threads: threads_of_training
    resources:
        mem_mb=4000,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python -m mia.stages.train --manifest {input.manifest} --pictures {input.pictures}"
        " --parts {params.parts} --settings {params.settings:q} --ledger {params.ledger}"
        " --vae {input.vae} --index {output.index} --samples {output.samples} &> {log}"


def model_files(wildcards):
    """What a model is made from: the index of its training, or the files of its folder."""
    spec = config["models"][wildcards.model]
    if spec["source"] == "training":
        return [f"{R}/training/{spec['training']}/index.json"]
    if spec["source"] == "path":
        return sorted(str(path) for path in Path(spec["path"]).rglob("*") if path.is_file())
    return []


def model_spec(wildcards):
    spec = dict(config["models"][wildcards.model])
    if spec["source"] == "training":
        spec.setdefault("epoch", EXPERIMENT.kept_epochs(spec["training"])[-1])
    return dump(spec)


rule model:
    input:
        model_files,
    output:
        R + "/models/{model}/model.json",
    log:
        R + "/logs/model/{model}.log",
    params:
        code=stage_code("model"),
        spec=model_spec,
        results=R,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python -m mia.stages.model --name {wildcards.model} --spec {params.spec:q}"
        " --results {params.results} --output {output} &> {log}"


def vae_file(wildcards):
    """The description of a VAE: of the training that made it, or of the model it belongs to."""
    if wildcards.vae in config["training"]:
        return f"{R}/training/{wildcards.vae}/vae/vae.json"
    return f"{R}/models/{wildcards.vae}/model.json"


def encoded_parts(wildcards):
    models = tuple(name for name in config["models"] if EXPERIMENT.vae(name) == wildcards.vae)
    return EXPERIMENT.measured_parts(wildcards.set, models)


rule encode:
    input:
        vae=vae_file,
        manifest=R + "/images/{set}/manifest.parquet",
        pictures=R + "/images/{set}/raw/{shard}/pictures.tar",
    output:
        R + "/latents/{vae}/{set}/{shard}.safetensors",
    log:
        R + "/logs/encode/{vae}/{set}/{shard}.log",
    params:
        code=stage_code("encode"),
        parts=encoded_parts,
        device=config["measure"]["device"],
    resources:
        mem_mb=4000,
    conda:
        "../../envs/torch.yaml"
    shell:
        "python -m mia.stages.encode --vae {input.vae} --manifest {input.manifest}"
        " --pictures {input.pictures} --parts {params.parts} --device {params.device}"
        " --threads {threads} --output {output} &> {log}"
