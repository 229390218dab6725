"""Named input and parameter functions of the rules that make pictures and models."""

from mia.models.clip_folder import encoder_name

# Image sets


def selected(spec, keys):
    return dump({key: spec[key] for key in keys if key in spec})


def download_code(wildcards):
    return stage_code("download", source(SETS[wildcards.set]["source"]).fetched_by)


def exclude_list(wildcards):
    """The list of a set, if it has one."""
    spec = SETS[wildcards.set]
    return [spec["exclude"]] if "exclude" in spec else []


def exclude_list_now(wildcards, input):
    """The same, of `input` in name only: Snakemake does not follow such a parameter, so that a
    longer list excludes what is there and downloads nothing anew (docs/ethics.md)."""
    return options("exclude", exclude_list(wildcards))


def embedding_spec(wildcards):
    return dump(EXPERIMENT.encoders[wildcards.encoder])


def pictures_to_embed(wildcards):
    """Nothing where captions are embedded."""
    if wildcards.channel == "text":
        return []
    return f"{R}/images/{wildcards.set}/raw/{wildcards.shard}/pictures.tar"


def embedding_tables(image_set, spec, channel):
    """Embeddings of a set, one table per shard; of one model, one set of tables for all uses."""
    folder = f"{R}/images/{image_set}/embeddings/{encoder_name(spec)}/{channel}"
    return [f"{folder}/{shard}.parquet" for shard in shards(image_set)]


def embeddings_of_set(wildcards):
    spec = SETS[wildcards.set]["duplicates"].get("embedding")
    return embedding_tables(wildcards.set, spec, "embedding") if spec else []


def manifest_spec(wildcards):
    spec = selected(SETS[wildcards.set], ["split", "duplicates", "min_success"])
    return dump({**json.loads(spec), "seed": config["seed"]})


def known_index(wildcards):
    """The table of known training pictures, if the target names one."""
    known = config["targets"][wildcards.target].get("known")
    return [known["path"]] if known else []


def membership_spec(wildcards):
    """Both sides as [set, parts], the rules for what is dropped, the seed."""
    target = config["targets"][wildcards.target]
    sides = {side: EXPERIMENT.parts(target[side]) for side in ("members", "nonmembers")}
    trained_here = EXPERIMENT.training(target["model"]) is not None
    return dump(
        {
            **{
                key: target[key]
                for key in ("match", "isolate", "known")
                if key in target
            },
            **sides,
            "duplicates": SETS[sides["members"][0]]["duplicates"],
            "learnt": "kept" if trained_here else "all",
            "seed": config["seed"],
        }
    )


def membership_code(wildcards):
    match = config["targets"][wildcards.target]["match"]
    return stage_code(
        "membership", *([f"mia.targets.matching.{match}"] if match != "none" else [])
    )


# Models


def training_settings(wildcards):
    """Everything that changes the weights; not the names of sets, which the pictures stand for."""
    training = dict(config["training"][wildcards.training])
    for key in ("set", "representation_set", "like", "base"):
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


def start_of_training(wildcards):
    """What a training starts from: VAE and tokenizer trained before, or its base model."""
    training = config["training"][wildcards.training]
    if "base" in training:
        return f"{R}/models/{training['base']}/model.json"
    return f"{R}/training/{training.get('like', wildcards.training)}/vae/vae.json"


def threads_of_training(wildcards):
    return config["training"][wildcards.training]["threads"]


def cards_of_training(wildcards):
    return 1 if config["training"][wildcards.training]["device"] == "cuda" else 0


def index_of_training(wildcards):
    """The checkpoints of the training that makes a model, if one does."""
    training = EXPERIMENT.training(wildcards.model)
    return [] if training is None else [f"{R}/training/{training}/index.json"]


def model_spec(wildcards):
    spec = dict(config["models"][wildcards.model])
    if spec["source"] == "training":
        spec.setdefault("epoch", EXPERIMENT.kept_epochs(spec["training"])[-1])
    return dump(spec)


def vae_file(wildcards):
    """The description of a VAE: of the training that made it, or of the model it belongs to."""
    if wildcards.vae in config["training"]:
        return f"{R}/training/{wildcards.vae}/vae/vae.json"
    return f"{R}/models/{wildcards.vae}/model.json"


def encoded_parts(wildcards):
    models = tuple(
        name for name in config["models"] if EXPERIMENT.vae(name) == wildcards.vae
    )
    return EXPERIMENT.measured_parts(wildcards.set, models)
