"""Keys of a config that nothing would read: each is refused, none is ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mia.images.sources.shared.needed import has_own_rows

# Settings of a training from nothing only: a base model has decided them.
FROM_NOTHING = (
    *("representation_set", "resolution", "channels", "text_width", "text_layers", "text_length"),
    *("vocabulary", "vae_steps", "vae_batch_size", "vae_learning_rate", "vae_channels"),
    *("latent_channels", "objective", "space", "text", "preparation"),
)
# Settings that come with the VAE and the tokenizer of the training that `like` names.
FROM_LIKE = tuple(
    key for key in FROM_NOTHING if key not in ("channels", "text_width", "text_layers", "objective")
)
# Settings of what a training does without: of a VAE where pixels are learnt, of captions where
# none are told.
OF_VAE = (
    *("representation_set", "vae_steps", "vae_batch_size", "vae_learning_rate", "vae_channels"),
    "latent_channels",
)
OF_TEXT = ("text_width", "text_layers", "text_length", "vocabulary", "caption_dropout")
BLOCKS = {"image_sets": "image_set", "models": "model"}  # block to the schema of its entries


def idle_keys(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (place, key) of every key of an image set or model that its source does not read.

    In the schema, `sources` says which sources read a key; all sources read a key without it. A
    part of an image set has the source of its set.
    """
    for block, name, spec in _entries(config):
        read = keys_read(spec["source"], block, schema)
        for place, given in _blocks(f"{block}.{name}", spec):
            yield from ((place, key) for key in given if key not in read)


def keys_read(source: str, block: str, schema: Mapping[str, Any]) -> list[str]:
    """Return the keys that are read for one source of `image_sets` or `models`."""
    keys = schema["$defs"][BLOCKS[block]]["properties"]
    return [key for key, about in keys.items() if source in about.get("sources", [source])]


def readers(key: str, block: str, schema: Mapping[str, Any]) -> list[str]:
    """Return the sources for which a key is read."""
    return schema["$defs"][BLOCKS[block]]["properties"][key]["sources"]


def overridden_keys(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the place of every key of an image set that each of its parts gives for itself."""
    for name, spec in config.get("image_sets", {}).items():
        yield from (f"image_sets.{name}.{key}" for key in _overridden(spec))


def _overridden(spec: Mapping[str, Any]) -> list[str]:
    parts = list((spec.get("parts") or {}).values())
    if not parts or has_own_rows(spec):
        return []
    return [key for key in spec if all(key in part for part in parts)]


def without_idle_defaults(config: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Remove, in place, keys that defaults have filled in where no source reads them."""
    for block, _, spec in _entries(config):
        read = set(keys_read(spec["source"], block, schema))
        for key in {*(spec.keys() - read), *_overridden(spec)}:
            del spec[key]
    for training in config["training"].values():
        for key in idle_settings(training):
            training.pop(key, None)


def idle_settings(training: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that a training does not read, each with the reason."""
    if "base" in training:
        found = dict.fromkeys(FROM_NOTHING, "`base` decides it")
        if "lora" in training:
            found["text_encoder"] = "an adapter of the U-Net alone is trained (`lora`)"
        return found
    found = dict.fromkeys(("text_encoder", "lora"), "it needs `base`")
    if training.get("space") == "pixel":
        found |= dict.fromkeys(OF_VAE, "`space: pixel` has no VAE")
    if training.get("text") is False:
        found |= dict.fromkeys(OF_TEXT, "`text: false` reads no caption")
    return found


def _entries(config: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for block in BLOCKS:
        yield from ((block, name, spec) for name, spec in config.get(block, {}).items())


def _blocks(place: str, spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield place, spec
    for name, part in spec.get("parts", {}).items():
        yield f"{place}.parts.{name}", part
