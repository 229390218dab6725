"""Manifests of drawn images, and the stage that makes a target of them."""

import hashlib
import json

import numpy as np
import pandas as pd
from PIL import Image

from mia import storage
from mia.images import hashes
from mia.stages import membership as stage

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


def blobs(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC)


def manifest(pictures):
    """Rows of (key, part, image), further columns as a dict; failed where there is no image."""
    rows = []
    for key, part, picture, *further in pictures:
        row = {"key": key, "part": part, "status": "not_found", "kept": False, "family": None}
        row["caption"] = None
        if picture is not None:
            row |= {
                "status": "success",
                "kept": True,
                "image_id": hashlib.sha256(picture.tobytes()).hexdigest(),
                "phash": hashes.perceptual_hash(picture),
                "phash_mirror": hashes.mirror_hash(picture),
                "thumbnail": hashes.thumbnail(picture),
            }
        row["group"] = key
        rows.append({**row, **(further[0] if further else {})})
    return pd.DataFrame(rows)


def run(tmp_path, manifests, spec, *further):
    paths = []
    for name, table in manifests.items():
        paths.append(str(tmp_path / f"{name}.parquet"))
        storage.write(table, paths[-1])
    outputs = [tmp_path / "membership.parquet", tmp_path / "target-pairs.parquet"]
    arguments = ["--name", "t", "--manifests", *paths, *further, "--settings", json.dumps(spec)]
    stage.main([*arguments, "--membership", str(outputs[0]), "--pairs", str(outputs[1])])
    return storage.read(outputs[0])
