"""Train a diffusion model on the members, or on a half; index.json lists the kept checkpoints.

It starts from nothing, around a trained VAE where it learns latents, or from a base model.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia import command, storage
from mia.fingerprint import fingerprint
from mia.images.halves import half_of
from mia.images.training_set import TrainingSet
from mia.models.folder import weights_hash
from mia.models.options import preparation
from mia.models.training.ledger import kept_training, replace_tree
from mia.models.weights import require_described

if TYPE_CHECKING:
    import numpy as np

NUMERIC = (
    "mia.models.training.base",
    "mia.models.training.diffusion",
    "mia.models.training.samples",
    "mia.models.training.untrained",
    "mia.images.training_set",
)
ADAPTER = "mia.models.training.lora"  # what trains an adapter besides
COLUMNS = ["key", "image_id", "part", "caption", "kept", "group"]
SHOWN = 12


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--pictures", nargs="+", required=True, help="pictures.tar of every shard")
    parser.add_argument("--start", required=True, help="vae.json, or model.json of the base")
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--index", required=True)
    parser.add_argument("--samples", required=True)
    command.run(parser, make_model)


def make_model(args: argparse.Namespace) -> None:
    settings, start = dict(args.settings), storage.read_json(args.start)
    manifest, parts = storage.read(args.manifest, COLUMNS), settings.pop("parts")
    if "half" in settings:
        manifest = half_of(manifest, parts, **settings.pop("half"))
    learnt = TrainingSet.of(manifest, parts)
    based = "weights" in start
    begun = start["weights"] if based else [start["vae"]["files"], start.get("tokenizer")]

    prepared = preparation(start["vae"])

    def make(folder: Path) -> None:
        for part in [start] if based else described(start, args.start):
            require_described(part, args.start)
        resolution = (start if based else settings)["resolution"]
        pixels = learnt.pixels(args.pictures, resolution, prepared)
        begin = start if based else Path(args.start).parent
        train(pixels, learnt.captions, settings, begin, folder)

    numeric = (*NUMERIC, ADAPTER) if "lora" in settings else NUMERIC
    key = [learnt.content, settings, begun, prepared, fingerprint(*numeric)]
    kept = kept_training(args.ledger, key, make)
    target = Path(args.index).parent
    target.mkdir(parents=True, exist_ok=True)
    replace_tree(kept / "checkpoints", target / "checkpoints")
    with storage.replacing(args.samples) as temporary:
        shutil.copyfile(kept / "samples.png", temporary)
    checkpoints = {
        str(epoch): {
            "folder": f"checkpoints/{name(epoch)}",
            "weights": weights_hash(target / "checkpoints" / name(epoch)),
        }
        for epoch in settings["keep"]
    }
    storage.write_json({"checkpoints": checkpoints, "members": len(learnt.captions)}, args.index)


def described(start: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Return what vae.json tells of the VAE and of the tokenizer beside it, if there is one."""
    beside = {"folder": Path(path).parent / "tokenizer", "files": start.get("tokenizer", {})}
    return [start["vae"], beside]


def name(epoch: int) -> str:
    """Return the name of a checkpoint's folder."""
    return f"epoch-{epoch:04d}"


def train(
    pictures: np.ndarray,
    captions: list[str],
    settings: dict[str, Any],
    start: Path | dict[str, Any],
    folder: Path,
) -> None:
    """Train, saving the kept checkpoints and a sheet of samples below `folder`.

    `start` is the folder of VAE and tokenizer, or the contents of the base's model.json.
    """
    import torch

    from mia.models.device import choose
    from mia.models.training.base import base_pipeline
    from mia.models.training.diffusion import train_diffusion
    from mia.models.training.samples import generate, picture_rows
    from mia.models.training.untrained import untrained_pipeline
    from mia.models.watched_training import epochs_told

    torch.set_num_threads(settings["threads"])
    device = choose(settings["device"])
    begin = base_pipeline(start) if isinstance(start, dict) else untrained_pipeline(start, settings)
    pixels = torch.from_numpy(pictures)
    generated: list[np.ndarray] = []

    def kept(epoch: int, pipeline: Any) -> None:
        pipeline.save_pretrained(folder / "checkpoints" / name(epoch))
        generated.append(generate(pipeline, captions[:SHOWN], settings["seed"]))

    keep: Callable[[int, Any], None] = kept
    if "lora" in settings:
        from mia.models.training.lora import add_adapter, keeping_merged

        add_adapter(begin, settings)
        settings = {**settings, "text_encoder": False}
        keep = keeping_merged(kept, lambda epoch: folder / "checkpoints" / name(epoch))
    with epochs_told(begin.unet, len(pixels), settings):
        train_diffusion(begin, pixels, captions, settings, keep, device)
    picture_rows(pixels[:SHOWN], generated).save(folder / "samples.png")


if __name__ == "__main__":
    main()
