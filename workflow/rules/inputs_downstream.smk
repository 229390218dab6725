"""Named input and parameter functions of the rules that measure and score."""

from functools import cache
from importlib import import_module

from mia.signals.shared import contract as signal_contract

# Signals


def wanted(wildcards):
    return wanted_of_pair(wildcards.model, wildcards.set)


@cache
def wanted_of_pair(model, image_set):
    """The same text for every shard, made once."""
    return mia_query.dump(EXPERIMENT.wanted(model, image_set))


def latents(wildcards):
    return f"{R}/latents/{EXPERIMENT.vae(wildcards.model)}/{wildcards.set}/{wildcards.shard}.safetensors"


def looks_at_pixels(signal):
    code = import_module(f"mia.signals.{signal}")
    return signal_contract.traits_of(code).needs_pixels


def pictures_to_measure(wildcards):
    if not any(map(looks_at_pixels, EXPERIMENT.signals)):
        return []
    return f"{R}/images/{wildcards.set}/raw/{wildcards.shard}/pictures.tar"


# Scores


def signals_of(field):
    """Input function: query files of an attack, from the target's model or its reference."""

    def files(wildcards):
        model = config["targets"][wildcards.target].get(field)
        attack = EXPERIMENT.attacks[wildcards.attack]
        if model is None or (field == "reference" and not traits_of(attack).reads_reference):
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


def manifests_of_target(wildcards):
    return expand(
        results("images/{set}/manifest.parquet"), set=target_sets(wildcards.target)
    )


def manifests_of_attack(wildcards):
    attack = EXPERIMENT.attacks[wildcards.attack]
    if not traits_of(attack).reads_images and attack.access != "external":
        return []
    return manifests_of_target(wildcards)


def audit_embeddings(target, channels):
    """Tables of the audit's embeddings, of those channels that its model makes."""
    return [
        path
        for image_set in target_sets(target)
        for channel in EXPERIMENT.embeddings
        if channel in channels
        for path in embedding_tables(image_set, config["audit"]["embedding"], channel)
    ]


def embeddings_of_target(wildcards):
    return audit_embeddings(wildcards.target, EXPERIMENT.embeddings)


def embeddings_of_attack(wildcards):
    attack = EXPERIMENT.attacks[wildcards.attack]
    return audit_embeddings(wildcards.target, traits_of(attack).reads_embeddings)


def external_scores(wildcards):
    """The user's file of scores, of a row that has one."""
    row = config["attacks"][wildcards.attack]
    return [row["scores"]] if "scores" in row else []


def attack_code(wildcards):
    return stage_code("score", EXPERIMENT.code(wildcards.attack))


def attack_spec(wildcards):
    """Name and entry but for its targets; of one that stacks other entries, their queries too."""
    row = dict(config["attacks"][wildcards.attack])
    row.pop("targets", None)
    spec = {"name": wildcards.attack, "row": row}
    attack = EXPERIMENT.attacks[wildcards.attack]
    if isinstance(attack, Stacks):
        spec["queries"] = mia_query.dump(attack.queries)
    return dump(spec)


def estimates_of_target(wildcards):
    """Whether the estimates of the target's model and of its reference beat none, by image set."""
    target = config["targets"][wildcards.target]
    models = [target[field] for field in ("model", "reference") if field in target]
    return [
        f"{R}/queries/{model}/{image_set}/estimates.json"
        for model in models
        for image_set in target_sets(wildcards.target)
        if EXPERIMENT.wanted(model, image_set)
    ]


def blind_code(wildcards):
    blind = EXPERIMENT.blind_attacks(wildcards.target)
    return stage_code("audit", *(EXPERIMENT.code(attack) for attack in blind))


def blind_rows(wildcards):
    """Name to row of the target's blind baselines."""
    blind = EXPERIMENT.blind_attacks(wildcards.target)
    return dump({name: config["attacks"][name] for name in blind})


def pairing(wildcards):
    """What the audit has to know of how a target was put together."""
    target = config["targets"][wildcards.target]
    return dump(
        {
            "by_design": is_by_design(target),
            "trained_here": EXPERIMENT.training(target["model"]) is not None,
            "match": target["match"],
            "sides": sides_of(target),
            "without_addresses": EXPERIMENT.without_addresses(wildcards.target),
        }
    )


def is_by_design(target):
    """Both sides come from one set's seeded split, nothing chosen since: exchangeable."""
    sides = [EXPERIMENT.parts(target[side]) for side in ("members", "nonmembers")]
    split = SETS[sides[0][0]].get("split", {})
    return (
        sides[0][0] == sides[1][0]
        and target["match"] == "none"
        and not {"isolate", "known"} & target.keys()
        and all(part in split for _, parts in sides for part in parts)
    )


def sides_of(target):
    """Set and parts of each side, and whether its parts lack the rows that could not be had."""
    sides = {}
    for side in ("members", "nonmembers"):
        name, parts = EXPERIMENT.parts(target[side])
        split = SETS[name].get("split")
        dealt = {*split, "rest"} if split else set()
        sides[side] = {
            "set": name,
            "parts": parts,
            "dealt": bool(dealt & set(parts)) and not dealt <= set(parts),
        }
    return sides


def is_randomised(wildcards):
    """The seeded split that made the two sides also decided what the model was trained on."""
    target = config["targets"][wildcards.target]
    return is_by_design(target) and EXPERIMENT.learns_members(wildcards.target)
