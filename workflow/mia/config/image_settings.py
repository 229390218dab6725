"""What the stages of images are told of the config, as in `stage_settings`."""

from __future__ import annotations

from typing import Any

from mia.config.experiment import Experiment
from mia.images.sources.shared.stage_keys import download_settings, plan_settings

Settings = dict[str, Any]
DIVIDED = ("split", "duplicates", "min_success")


def plan(experiment: Experiment, set: str) -> Settings:
    """Return which images a set has, by its config, and how many shards they are dealt into."""
    spec = experiment.config["image_sets"][set]
    return {**plan_settings(spec), "shards": spec["shards"]}


def download(experiment: Experiment, set: str) -> Settings:
    """Return how the images of a set are fetched."""
    return download_settings(experiment.config["image_sets"][set])


def rows(experiment: Experiment, set: str) -> Settings:
    """Return how large an image may be; for a set of captions alone, its name too."""
    limit = {"pixel_limit": experiment.config["image_sets"][set]["pixel_limit"]}
    return limit if experiment.has_images(set) else {**limit, "captions_of": set}


def encoder(experiment: Experiment, encoder: str) -> Settings:
    """Return path and hash of an embedding model."""
    return experiment.encoders[encoder]


def embed(experiment: Experiment, encoder: str) -> Settings:
    """Return the embedding model, and what it runs on."""
    return {**experiment.encoders[encoder], "device": experiment.config["measure"]["device"]}


def manifest(experiment: Experiment, set: str) -> Settings:
    """Return how a set is freed of duplicates and divided."""
    spec = experiment.config["image_sets"][set]
    told = {key: spec[key] for key in DIVIDED if key in spec}
    return {**told, "seed": experiment.config["seed"]}
