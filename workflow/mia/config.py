"""Read an experiment's config: defaults filled in, every mistake named with what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

# What a base model has decided: settings of a training from nothing only.
FROM_NOTHING = (
    *("representation_set", "resolution", "channels", "text_width", "text_layers", "text_length"),
    *("vocabulary", "vae_steps", "vae_batch_size", "vae_learning_rate", "vae_channels"),
    "latent_channels",
)
SCHEMA = Path(__file__).parents[1] / "schemas" / "config.schema.yaml"


class ConfigError(ValueError):
    """A config that cannot be run; the message names the key and what was expected."""


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` checked against the schema, with every default filled in.

    Raises:
        ConfigError: Names the key, what was found, what was expected, and the nearest known name.
    """
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda e: str(e.path))
    if errors:
        raise ConfigError("\n".join(_explain(error) for error in errors))
    config = deepcopy(config)
    config["training"] = _inherit(config.get("training") or {})
    config["attacks"] = {name: _null_words(row or {}) for name, row in config["attacks"].items()}
    _fill(config, schema, schema)
    for training in config["training"].values():
        for key in FROM_NOTHING if "base" in training else ():
            training.pop(key, None)
    return config


def nearest(word: str, known: Iterable[str]) -> str:
    """Say what `word` may have meant.

    >>> nearest("los", ["loss", "pia"])
    "did you mean 'loss'? known: loss, pia"
    """
    known = sorted(known)
    match = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {match[0]!r}? " if match else ""
    return f"{hint}known: {', '.join(known)}"


def _explain(error) -> str:
    where = ".".join(str(step) for step in error.absolute_path) or "the config"
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema["properties"]
        unknown = sorted(set(error.instance) - set(known))
        return "\n".join(f"{where}: unknown key {key!r}; {nearest(key, known)}" for key in unknown)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{where}: missing key {', '.join(map(repr, missing))}"
    if error.validator == "enum":
        return f"{where}: {error.instance!r}; {nearest(str(error.instance), error.validator_value)}"
    return f"{where}: {error.message}"


def _inherit(trainings: dict[str, dict]) -> dict[str, dict]:
    """Resolve `like`: every setting not given comes from the other training."""
    resolved = {}
    for name, training in trainings.items():
        if "set" not in training:
            raise ConfigError(f"training.{name}: missing key 'set'")
        resolved[name] = {**_other(name, training, trainings), **training}
        _check_base(name, resolved[name])
    return resolved


def _other(name: str, training: dict, trainings: dict[str, dict]) -> dict:
    """The training that `training` is like; nothing where it is like none."""
    like = training.get("like")
    if like is None:
        return {}
    if like not in trainings:
        raise ConfigError(f"training.{name}.like: no training {like!r}; {nearest(like, trainings)}")
    if "like" in trainings[like]:
        raise ConfigError(f"training.{name}.like: {like!r} is itself like another; name that one")
    return trainings[like]


def _check_base(name: str, training: dict) -> None:
    """Refuse settings that a base model, or its absence, makes idle."""
    based = "base" in training
    needed = "learning_rate" if based else "representation_set"
    if needed not in training:
        raise ConfigError(f"training.{name}: missing key {needed!r}")
    for key in FROM_NOTHING if based else ("text_encoder",):
        if key in training:
            why = "`base` decides it" if based else "it needs `base`"
            raise ConfigError(f"training.{name}: key {key!r} would be ignored: {why}")


def _null_words(parameters: dict) -> dict:
    """YAML reads a bare `null` as nothing; as a condition it means the empty caption."""
    return {
        key: "null" if key == "condition" and value is None else value
        for key, value in parameters.items()
    }


def _fill(value: Any, schema: dict, root: dict) -> None:
    """Fill in the defaults of `schema`, in place."""
    if "$ref" in schema:
        schema = {**schema, **root["$defs"][schema["$ref"].rsplit("/", 1)[1]]}
    if not isinstance(value, dict):
        return
    for key, inner in schema.get("properties", {}).items():
        if key not in value and "default" in inner:
            value[key] = deepcopy(inner["default"])
        if key in value:
            _fill(value[key], inner, root)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for key in value.keys() - schema.get("properties", {}).keys():
            _fill(value[key], others, root)
