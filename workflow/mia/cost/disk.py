"""What a run has still to write: images, latents, measured numbers, checkpoints, models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mia import result_paths, storage
from mia.config.experiment import Experiment
from mia.cost.latents import latent_shape, model_folder
from mia.cost.pictures import file_sizes, most_of, rows_of
from mia.images.sources.shared.shelf import source

# Least-squares fit to a run of config/all-attacks.yaml (880,000 rows, 12 million numbers, 264 MB):
# ledger, shard and query file together.
BYTES_PER_ROW, BYTES_PER_NUMBER = 85, 12
# Of a number in a list, in the same three places: `gradient` of a tiny model, 72,512 numbers take
# 683 kB in the ledger and as much again in each other place.
BYTES_PER_LISTED = 28
BYTES_PER_PIXEL = 9  # of an output that is kept: three colours, in the same three places
DESCRIPTION = 2_200  # bytes an image, in rows and manifest: 4,495 images of OpenMoji, 9.9 MB
WEB_PICTURE = 200_000  # bytes, assumed; COCO's validation images have 163,000
STABLE_DIFFUSION = 4_270_000_000  # bytes of Stable Diffusion 1 in float32: 860 + 123 + 84 million


@dataclass(frozen=True)
class Disk:
    """One line of the estimate.

    Args:
        what: What is written.
        whole: Bytes of all of it; None where nobody knows yet.
        held: Bytes of it on disk.
        basis: What the estimate rests on.
    """

    what: str
    whole: float | None
    held: float
    basis: str

    @property
    def missing(self) -> float | None:
        """Bytes still to be written."""
        return None if self.whole is None else max(0.0, self.whole - self.held)


def disk(experiment: Experiment, results: Path) -> list[Disk]:
    """Return a line for each image set's images, each VAE's latents, each training and hub model.

    Args:
        experiment: The config.
        results: Its folder of results.
    """
    found = []
    for name, spec in experiment.config["image_sets"].items():
        found += pictures(name, spec, (results / result_paths.MANIFEST.format(set=name)).parent)
    vaes = {(experiment.vae(model), name) for model, name in experiment.pairs}
    for vae, name in sorted(vaes):
        file = result_paths.LATENTS.format(vae=vae, set=name, shard="000")
        folder = (results / file).parent
        shape, said = latent_shape(experiment, results, vae)
        count = encoded(experiment, results, vae, name)
        whole = None if count is None or shape is None else count * math.prod(shape) * 4
        basis = f"{_counted(count)}, {said}"
        found.append(Disk(f"latents {vae}/{name}", whole, size(folder), basis))
    found += [checkpoints(experiment, results, name) for name in experiment.config["training"]]
    for name, spec in experiment.config["models"].items():
        if spec["source"] == "hub":
            held = STABLE_DIFFUSION if model_folder(spec) else 0
            basis = "into the hub's cache (HF_HOME); taken for a Stable Diffusion 1 in float32"
            basis = "in the hub's cache already" if held else basis
            found.append(Disk(f"model {name}", STABLE_DIFFUSION, held, basis))
        if "lora" in spec:
            found.append(merged(experiment, results, name))
    return found


def pictures(name: str, spec: dict[str, Any], folder: Path) -> list[Disk]:
    """Return lines of an image set: its files as they come, and what is noted of each."""
    rows, each, basis = rows_of(spec, folder), None, ""
    if not source(spec["source"]).has_images:
        return [_noted(name, rows, folder)]
    done = [storage.read(path, ["bytes"]) for path in sorted(folder.glob("rows/*.parquet"))]
    tried = sum(map(len, done))
    if tried:
        each = sum(float(table["bytes"].sum()) for table in done) / tried
        basis = f"the mean of the {tried:,} tried so far"
    elif source(spec["source"]).has_addresses:
        each, basis = WEB_PICTURE, "assumed of an image from the web"
    elif rows and (sizes := file_sizes(spec)):
        each, basis = sum(sizes) / len(sizes), "the mean of the folder's files"
    files = None if rows is None or each is None else rows * each
    count = f"{_counted(rows)}, {each / 1e3:,.1f} kB each: {basis}" if each else _counted(rows)
    return [
        Disk(f"pictures {name}", files, size(folder / "raw"), count),
        _noted(name, rows, folder),
    ]


def _noted(name: str, rows: int | None, folder: Path) -> Disk:
    """Return the line of what is noted of each image of a set."""
    noted = None if rows is None else rows * DESCRIPTION
    made = size(folder / "rows") + size(folder / "manifest.parquet")
    basis = f"{_counted(rows)}, {DESCRIPTION / 1e3} kB each"
    return Disk(f"manifest {name}", noted, made, basis)


def checkpoints(experiment: Experiment, results: Path, name: str) -> Disk:
    """Return a training's line: each kept epoch is a whole model, in results and ledger."""
    training = experiment.config["training"][name]
    kept = experiment.kept_epochs(name)
    base_name = training.get("base", "")
    before = experiment.training(base_name) if base_name else None
    alike = [other for other in (name, training.get("like"), before) if other]
    every = [result_paths.CHECKPOINT.format(training=other, epoch="*") for other in alike]
    saved = [path for pattern in every for path in results.glob(pattern)]
    folder = (results / every[0]).parent
    base = experiment.config["models"].get(base_name) if before is None else None
    if saved:
        each, basis = size(saved[0]), "as large as the first"
    elif base and (place := model_folder(base)):
        each, basis = _weights(place), "as large as the base"
    elif base:
        each, basis = STABLE_DIFFUSION, "the base is taken for a Stable Diffusion 1 in float32"
    else:
        each, basis = None, "size not known before the first is saved"
    whole = None if each is None else 2 * len(kept) * each
    basis = f"{len(kept)} kept, each in results and ledger; {basis}"
    return Disk(f"training {name}", whole, 2 * size(folder), basis)


def merged(experiment: Experiment, results: Path, name: str) -> Disk:
    """Return the line of a model with an adapter: its base once more, merged."""
    spec, training = experiment.config["models"][name], experiment.training(name)
    folder = results / result_paths.MERGED.format(model=name)
    if training is not None:
        every = result_paths.CHECKPOINT.format(training=training, epoch="*")
        saved = next(results.glob(every), None)
        each, basis = size(saved) if saved else None, "as large as the checkpoint"
    elif place := model_folder(spec):
        each, basis = _weights(place), "as large as the base"
    else:
        each, basis = STABLE_DIFFUSION, "the base is taken for a Stable Diffusion 1 in float32"
    return Disk(f"merged {name}", each, size(folder), f"with its adapter merged; {basis}")


def _weights(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors") if path.is_file())


def encoded(experiment: Experiment, results: Path, vae: str, image_set: str) -> int | None:
    """Return how many images a VAE encodes: those kept; before the manifest, the most possible."""
    models = tuple(name for name in experiment.config["models"] if experiment.vae(name) == vae)
    parts = experiment.measured_parts(image_set, models)
    manifest = results / result_paths.MANIFEST.format(set=image_set)
    if not manifest.is_file():
        return most_of(experiment.config["image_sets"][image_set], parts)
    rows = storage.read(manifest, ["image_id", "part", "kept"])
    return rows.loc[rows["kept"] & rows["part"].isin(parts), "image_id"].nunique()


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 if there is none."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _counted(count: int | None) -> str:
    return "number of images not known" if count is None else f"{count:,} images"
