"""Refuse a model that its own files call distilled, before a weight is read or downloaded."""

from __future__ import annotations

import re
from typing import Any

from mia.models.distilled_names import name_mistake
from mia.models.model_configs import INDEX, Configs
from mia.models.model_json import Config, ModelError

KEY = "_name_or_path"  # where diffusers notes what a component was loaded from
# The hub's cache names a folder after the model; a user's own folders say nothing.
CACHED = re.compile(r"(?:^|[/\\])models--[^/\\]+?--([^/\\]+)")
REPOSITORY = re.compile(r"([A-Za-z0-9][\w.-]*)/([\w.-]+)\Z")
FOLDERS = {"checkpoints", "data", "model", "models", "output", "outputs", "results", "runs"}


def require_not_distilled(configs: Configs) -> None:
    """Raise ModelError if a model is distilled by the name that it was published under.

    The name is that of the hub's cache, or what model_index.json and the denoiser's config say
    that they were loaded from. A local folder's own name says nothing.
    """
    if wrong := name_mistake(_published(str(configs.folder))):
        raise ModelError(f"{configs.folder}: {wrong}; if it is not, give a copy by `source: path`")
    index = Config(configs.folder / INDEX, configs.index, {})
    for config in (index, configs.denoiser):
        if wrong := name_mistake(_published(config.given.get(KEY))):
            raise ModelError(f"{config.path}: {KEY}: {wrong}; if it is not, remove the key")


def _published(source: Any) -> str:
    """Return the model's own name in what it was loaded from; "" if that is no hub's model."""
    if not isinstance(source, str):
        return ""
    if cached := CACHED.search(source):
        return cached[1]
    whole = REPOSITORY.match(source)
    return whole[2] if whole and whole[1].lower() not in FOLDERS else ""
