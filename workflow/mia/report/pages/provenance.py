"""Where the numbers come from: models, images, versions; nothing that names a machine."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from typing import Any

import pandas as pd

from mia.report.pages.targets import describe_model

PACKAGES = (
    *("snakemake", "img2dataset", "torch", "diffusers", "transformers", "numpy", "scipy"),
    *("pandas", "pyarrow", "scikit-learn", "matplotlib"),
)


def model_rows(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return name, origin, hash of the weights and shapes of each model.json; no paths."""
    return [
        {
            "name": model["name"],
            "origin": describe_model(model),
            "weights": str(model["weights"])[:12],
            "family": model["family"].replace("_", " "),
            "prediction": model["prediction_type"],
            "resolution": model["resolution"],
            "latent": " × ".join(map(str, model["latent_shape"])),
        }
        for model in models
    ]


def pictures_hash(manifest: pd.DataFrame) -> str:
    """Return 12 digits that stand for the kept images and their captions.

    Args:
        manifest: Columns part, image_id, caption, kept.
    """
    kept = manifest[manifest["kept"].astype(bool)].fillna("")
    lines = sorted(kept["part"] + "\t" + kept["image_id"] + "\t" + kept["caption"])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def versions() -> list[tuple[str, str]]:
    """Return (package, version) of what is installed here, Python first."""
    found = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return found
