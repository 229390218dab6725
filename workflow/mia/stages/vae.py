"""Train VAE and tokenizer on all parts alike; vae.json says what they are, with hashes.

A training that learns pixels has no VAE: its vae.json says so. One without captions has no
tokenizer.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia import command, storage
from mia.file_hash import file_hash
from mia.fingerprint import fingerprint
from mia.images.training_set import TrainingSet
from mia.models.options import preparation
from mia.models.training.ledger import kept_training, replace_tree
from mia.models.vae_block import describe_vae, pixels_block

if TYPE_CHECKING:
    import numpy as np

NUMERIC = ("mia.models.training.vae", "mia.models.training.tokenizer", "mia.images.training_set")
COLUMNS = ["key", "image_id", "part", "caption", "kept"]
SETTINGS = (
    "seed resolution threads vae_steps vae_batch_size vae_learning_rate vae_channels"
    " latent_channels vocabulary text_length space text preparation"
)


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--manifest", nargs="?", help="of the images that the VAE learns")
    parser.add_argument("--pictures", nargs="*", default=[], help="pictures.tar of every shard")
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--output", required=True)
    command.run(parser, make_vae)


def make_vae(args: argparse.Namespace) -> None:
    target, resolution = Path(args.output).parent, args.settings["resolution"]
    prepared = preparation(args.settings)
    given = {"resolution": resolution, "preparation": prepared}
    target.mkdir(parents=True, exist_ok=True)
    if args.settings["space"] == "pixel":
        pixels = {**pixels_block(target, 3), **given}
        storage.write_json({"vae": pixels}, args.output)
        return
    settings = {name: args.settings[name] for name in SETTINGS.split() if name in args.settings}
    learnt = TrainingSet.of(storage.read(args.manifest, COLUMNS), args.settings["parts"])

    def make(folder: Path) -> None:
        pixels = learnt.pixels(args.pictures, resolution, prepared)
        train(pixels, learnt.captions, settings, folder)

    key = [learnt.content, settings, fingerprint(*NUMERIC)]
    kept = kept_training(args.ledger, key, make)
    replace_tree(kept / "vae", target / "vae")
    about: dict[str, Any] = {"vae": {**describe_vae(target / "vae"), **given}}
    if settings["text"]:
        replace_tree(kept / "tokenizer", target / "tokenizer")
        files = sorted((target / "tokenizer").iterdir())
        about["tokenizer"] = {path.name: file_hash(path) for path in files}
    storage.write_json({**about, **storage.read_json(kept / "quality.json")}, args.output)


def train(
    pictures: np.ndarray, captions: list[str], settings: dict[str, Any], folder: Path
) -> None:
    """Train what is needed and save it below `folder`, with the reconstruction's PSNR."""
    import torch

    from mia.models.training.tokenizer import train_tokenizer
    from mia.models.training.vae import psnr, train_vae
    from mia.models.watched_training import steps_told

    torch.set_num_threads(settings["threads"])
    pixels = torch.from_numpy(pictures)
    with steps_told(settings["vae_steps"]):
        vae = train_vae(pixels, settings)
    vae.save_pretrained(folder / "vae")
    if settings["text"]:
        tokenizer = train_tokenizer(captions, settings["vocabulary"], settings["text_length"])
        tokenizer.save_pretrained(folder / "tokenizer")
    quality = {"psnr": round(psnr(vae, pixels), 2), "pictures": len(pixels)}
    print(f"VAE: {quality['psnr']} dB on {len(pixels)} images", file=sys.stderr)
    storage.write_json(quality, folder / "quality.json")


if __name__ == "__main__":
    main()
