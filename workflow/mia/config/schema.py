"""Read an experiment's config: defaults filled in, every mistake named with what was expected."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, ValidationError

from mia.config.comparison_names import name_comparisons
from mia.config.errors import ConfigError, all_of, nearest
from mia.config.idle_keys import (
    FROM_LIKE,
    idle_keys,
    idle_settings,
    keys_read,
    overridden_keys,
    readers,
    without_idle_defaults,
)
from mia.config.source_keys import with_source_keys

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.yaml"


def config_schema() -> dict[str, Any]:
    """Return the JSON schema of a config, with the keys that sources of images bring."""
    return with_source_keys(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Return `config` checked against the schema, with every default filled in.

    Raises:
        ConfigError: Names the key, what was found, what was expected, and the nearest known name.
    """
    schema = config_schema()
    errors = sorted(Draft202012Validator(schema).iter_errors(config), key=lambda e: str(e.path))
    if errors:
        raise ConfigError("\n".join(_explain(error) for error in errors))
    idle = [_idle(config, schema, *where) for where in idle_keys(config, schema)]
    idle += [f"{key}: not read, as each part has its own" for key in overridden_keys(config)]
    if idle:
        raise ConfigError("\n".join(idle))
    config = deepcopy(config)
    while config["results"].startswith("./"):  # one folder has one spelling
        config["results"] = config["results"].removeprefix("./")
    config["training"] = _inherit(config.get("training") or {})
    config["attacks"] = {
        name: _null_words(row or {}) for name, row in (config.get("attacks") or {}).items()
    }
    for name, target in config["targets"].items():
        _with_controls(target, f"targets.{name}")
        if isinstance(target.get("generated"), int):
            target["generated"] = {"images": target["generated"]}
    _fill(config, schema, schema)
    name_comparisons(config)
    without_idle_defaults(config, schema)
    return config


def _with_controls(target: dict[str, Any], key: str) -> None:
    """Put a target's control models and its references, in place, into lists."""
    if "reference" in target:
        if "control" in target:
            raise ConfigError(f"{key}: `reference` is an older name of `control`; expected one")
        target["control"] = target.pop("reference")
    for field in ("control", "references"):
        if isinstance(target.get(field), str):
            target[field] = [target[field]]


def _explain(error: ValidationError) -> str:
    where = ".".join(str(step) for step in error.absolute_path) or "the config"
    if "expected" in error.schema:
        return f"{where}: found {error.instance!r}, expected {error.schema['expected']}"
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


def _idle(config: dict, schema: dict, place: str, key: str) -> str:
    """Return which source does not read a key, which do, and which key may have been meant."""
    block, name, *_ = place.split(".")
    source = config[block][name]["source"]
    known = keys_read(source, block, schema)
    if ".parts." in place:
        parts = schema["$defs"]["image_set"]["properties"]["parts"]["additionalProperties"]
        known = [key for key in known if key in parts["properties"]]
    others = " or ".join(readers(key, block, schema))
    return f"{place}.{key}: not read for source {source}, only for {others}; {nearest(key, known)}"


def _inherit(trainings: dict[str, dict]) -> dict[str, dict]:
    """Resolve `like`: every setting not given comes from the other training."""
    resolved = {}

    def resolve(name: str, training: dict) -> None:
        if "set" not in training:
            raise ConfigError(f"training.{name}: missing key 'set'")
        other = _other(name, training, trainings)
        for key in FROM_LIKE:
            if key in training and "like" in training and training[key] != other.get(key):
                why = f"it comes with the VAE and tokenizer of {training['like']!r} (`like`)"
                raise ConfigError(f"training.{name}: key {key!r} would be ignored: {why}")
        shared = {key: value for key, value in other.items() if key != "shadows"}
        resolved[name] = {**shared, **training}
        _check_base(name, resolved[name])

    all_of(partial(resolve, *item) for item in trainings.items())
    return resolved


def _other(name: str, training: dict, trainings: dict[str, dict]) -> dict:
    """Return the training that `training` is like; an empty one if it is like none."""
    like = training.get("like")
    if like is None:
        return {}
    if like not in trainings:
        raise ConfigError(f"training.{name}.like: no training {like!r}; {nearest(like, trainings)}")
    if "like" in trainings[like]:
        raise ConfigError(f"training.{name}.like: {like!r} is itself like another; name that one")
    return trainings[like]


def _check_base(name: str, training: dict) -> None:
    """Refuse settings that nothing reads: a base decides them, or there is no VAE or caption."""
    based, pixels = "base" in training, training.get("space") == "pixel"
    needed = "learning_rate" if based else "representation_set"
    if needed not in training and (based or not pixels):
        raise ConfigError(f"training.{name}: missing key {needed!r}")
    if pixels and not based and training.get("text", True):
        raise ConfigError(
            f"training.{name}: `space: pixel` needs `text: false`: no pipeline of diffusers makes "
            "pixels from a CLIP text encoder's states"
        )
    for key, why in idle_settings(training).items():
        if key in training:
            raise ConfigError(f"training.{name}: key {key!r} would be ignored: {why}")


def _null_words(parameters: dict) -> dict:
    """Turn a bare `null`, which YAML reads as nothing, into the condition `null`."""
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
