"""What a schema cannot say about embedding models: who needs one, and which may not be one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mia.clip_folder import CONFIG, PREPARATION, TEXT, WEIGHTS, channels
from mia.config import ConfigError
from mia.model_folder import ModelError

if TYPE_CHECKING:
    from mia.experiment import Experiment

AUDIT = "audit.embedding"


def check_duplicates(spec: dict, key: str) -> None:
    """Check an image set's `duplicates.embedding`; `key` is named in errors."""
    _check_folder(spec, key)
    if spec["review"] > spec["drop"]:
        raise ConfigError(f"{key}.review: {spec['review']} is above drop, {spec['drop']}")


def check_agreement(experiment: Experiment, name: str) -> None:
    """Pictures of two sets are compared by the members' rule, so both need its embeddings."""
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
    """Check `audit.embedding`, and that it is there for attacks that need it."""
    spec = experiment.config["audit"].get("embedding")
    if spec:
        _check_stranger(experiment, Path(spec["path"]))
        _check_folder(spec, AUDIT)
    try:
        given = channels(Path(spec["path"])) if spec else ()
    except ModelError as error:
        raise ConfigError(f"{AUDIT}.path: {error}") from error
    for name, attack in experiment.attacks.items():
        for channel in getattr(attack, "needs_embeddings", ()):
            if not spec:
                raise ConfigError(
                    f"attacks.{name}: needs {AUDIT}, a CLIP model's `path` and `sha256`"
                )
            if channel not in given:
                what = "a CLIP text encoder and its tokenizer" if channel == TEXT else "an encoder"
                raise ConfigError(
                    f"attacks.{name}: {AUDIT}.path: {spec['path']}: expected a folder with {what}"
                )


def _check_folder(spec: dict, key: str) -> None:
    for name in (CONFIG, PREPARATION, WEIGHTS):
        if not Path(spec["path"], name).is_file():
            raise ConfigError(f"{key}.path: {spec['path']}: expected a folder with {name}")


def _check_stranger(experiment: Experiment, path: Path) -> None:
    """Refuse an encoder out of what is trained here or under test: it may know the members."""
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
