"""Write stand-ins for what config/own-images.yaml reads, from the run of config/config.yaml.

There a model was trained on the part `member` of the built-in images and on no other. A claimant's
folder is 300 images of that part. Comparable images that were certainly not used are 387 of the
part `nonmember`. `known` and `known-comparable` are the rest of both: images of which it is known
beforehand. `models/own` is that model, `models/own-control` one that saw neither part.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pandas as pd

RESULTS = Path("results/default")
IMAGES = RESULTS / "images/openmoji"
OUTPUT = Path("data/own-images")
HALVES = {"member": ("claimed", "known"), "nonmember": ("comparable", "known-comparable")}
MODELS = {"emoji_early": Path("models/own"), "emoji_shadow": Path("models/own-control")}


def main() -> None:
    """Write four folders with their captions, and two models."""
    if not RESULTS.is_dir():
        raise SystemExit(f"{RESULTS}: not there; call `make run` first")
    rows = pd.read_parquet(IMAGES / "manifest.parquet")
    rows = rows[rows["kept"]].set_index("key")
    for part, names in HALVES.items():
        keys = sorted(rows.index[rows["part"] == part])
        for place, name in enumerate(names):
            write(name, rows.loc[keys[place :: len(names)], "caption"])
    for model, folder in MODELS.items():
        described = json.loads((RESULTS / f"models/{model}/model.json").read_text())
        shutil.copytree(described["folder"], folder)


def write(name: str, captions: pd.Series) -> None:
    """Write the images of these keys into a folder, and `{folder}.csv` with their captions."""
    folder = OUTPUT / name
    folder.mkdir(parents=True)
    for path in sorted(IMAGES.glob("raw/*/pictures.tar")):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.name in captions:
                    (folder / f"{member.name}.png").write_bytes(tar.extractfile(member).read())
    table = captions.rename_axis("file").reset_index()
    table.assign(file=table["file"] + ".png").to_csv(folder.with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
