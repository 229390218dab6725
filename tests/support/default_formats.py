"""Write the images of the default experiment in a format that people keep images in.

    python tests/support/default_formats.py parquet results/default data/formats

reads the images of a finished `make run` and writes `data/formats/parquet`, and beside it
`parquet.yaml`, the default's config with these images in place of the built-in ones. Then

    snakemake --configfile data/formats/parquet.yaml --cores 1 -- \
        results/parquet/targets/emoji-fair/membership.parquet

makes the tables that are to be equal to those in `results/default`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from mia import storage
from mia.images import archive
from written_formats import FORMATS, Written

PROJECT = Path(__file__).parents[2]
SET = "openmoji"


def images(results: Path) -> dict[str, list[Written]]:
    """Return the images of a finished run by source part, in the order of their keys."""
    found: dict[str, list[Written]] = {}
    for path in sorted((results / "images" / SET / "rows").glob("*.parquet")):
        rows = storage.read(path)
        data = dict(archive.contents(results / "images" / SET / "raw" / path.stem / "pictures.tar"))
        for row in rows.itertuples():
            name = row.url.rsplit("/", 1)[1].removesuffix(".png")
            image = Written(f"{name}.png", data[row.key], row.caption, row.url, row.family or "")
            found.setdefault(row.part, []).append(image)
    return found


def config(name: str, results: Path, folder: Path) -> dict:
    """Write the images; return the default's config with them."""
    whole = yaml.safe_load((PROJECT / "config/config.yaml").read_text(encoding="utf-8"))
    own = whole["image_sets"][SET]
    paths = {}
    for part, written in images(results).items():
        paths[part] = FORMATS[name](folder / name / (part or "rest"), written)["path"]
    own |= {"source": name, "columns": {"url": "url", "family": "family"}, "path": paths[""]}
    own["parts"] = {part: {"path": path} for part, path in paths.items() if part}
    return {**whole, "results": f"results/{name}"}


def main(name: str, results: str, folder: str) -> None:
    """Write images and config."""
    found = config(name, Path(results), Path(folder))
    path = Path(folder, f"{name}.yaml")
    path.write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
