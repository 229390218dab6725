"""What a schema cannot say about embedding models: who needs one, and which may not be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.attacks.shared.contract import traits_of
from mia.config.errors import ConfigError
from mia.models.clip_folder import CONFIG, PREPARATION, TEXT, WEIGHTS, WORDS, channels
from mia.models.model_json import ModelError
from mia.signals.shared.evals import compares_embeddings

if TYPE_CHECKING:
    from mia.config.experiment import Experiment

AUDIT = "audit.embedding"


def check_agreement(experiment: Experiment, name: str) -> None:
    """Check that both sets use one embedding model or none: the members' rule compares them."""
    target = experiment.config["targets"][name]
    sides = [experiment.parts(target[side])[0] for side in ("members", "nonmembers")]
    rules = [experiment.config["image_sets"][image_set]["duplicates"] for image_set in sides]
    ours, theirs = (rule.get("embedding", {}).get("sha256") for rule in rules)
    if "embedding" in target.get("isolate", {}) and ours is None:
        raise ConfigError(
            f"targets.{name}.isolate.embedding: image set {sides[0]!r} has no duplicates.embedding"
        )
    if ours != theirs:
        raise ConfigError(
            f"targets.{name}: image sets {sides[0]!r} and {sides[1]!r} differ in "
            "duplicates.embedding; expected one embedding model for both, or none"
        )


def check_audit(experiment: Experiment) -> None:
    """Check `audit.embedding`, and that it is given for attacks that need it."""
    spec = experiment.config["audit"].get("embedding")
    if spec:
        _check_stranger(experiment, Path(spec["path"]))
    for name, attack in experiment.attacks.items():
        asks = any(map(compares_embeddings, attack.queries))
        if (asks or traits_of(attack).needs_embeddings) and not spec:
            raise ConfigError(f"attacks.{name}: needs {AUDIT}, a CLIP model's `path` and `sha256`")


def embedding_mistakes(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield a line for each file that an embedding model's folder lacks; `key` is named in it."""
    lacks = [
        name for name in (CONFIG, PREPARATION, WEIGHTS) if not Path(spec["path"], name).is_file()
    ]
    if lacks:
        yield f"{key}.path: {spec['path']}: expected a folder with {', '.join(lacks)}"
        return
    try:
        channels(Path(spec["path"]))
    except ModelError as error:
        yield f"{key}.path: {error}"


def channel_mistakes(experiment: Experiment) -> Iterator[str]:
    """Yield a line for each attack that needs what the folder of `audit.embedding` lacks."""
    spec = experiment.config["audit"]["embedding"]
    for name, attack in experiment.attacks.items():
        for channel in traits_of(attack).needs_embeddings:
            if channel not in experiment.all_embeddings:
                of_text = channel in (TEXT, WORDS)
                what = "a CLIP text encoder and its tokenizer" if of_text else "an encoder"
                yield f"attacks.{name}: {AUDIT}.path: {spec['path']}: expected a folder with {what}"


def _check_stranger(experiment: Experiment, path: Path) -> None:
    """Refuse an encoder from a model trained here or under test: it may know the members."""
    config = experiment.config
    folders = {"results": config["results"]}
    for name, model in config["models"].items():
        if model["source"] == "path":
            folders[f"models.{name}"] = model["path"]
    for key, folder in folders.items():
        if path.resolve().is_relative_to(Path(folder).resolve()):
            raise ConfigError(
                f"{AUDIT}.path: {path} lies in {key}, {folder}: expected an encoder that has not "
                "learnt from the target's members, so none that was trained here or is under test"
            )
