"""Train text encoder and U-Net on the members; index.json lists the kept checkpoints."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from mia import tables
from mia.fingerprint import fingerprint
from mia.images.training_set import TrainingSet
from mia.model_folder import describe
from mia.training_ledger import kept_training, replace_tree

NUMERIC = ("mia.training.diffusion", "mia.training.samples", "mia.images.training_set")
COLUMNS = ["key", "image_id", "part", "caption", "kept"]
SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--pictures", nargs="+", required=True, help="pictures.tar of every shard")
    parser.add_argument("--parts", nargs="+", required=True)
    parser.add_argument("--settings", type=json.loads, required=True)
    parser.add_argument("--vae", required=True, help="vae.json")
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--index", required=True)
    parser.add_argument("--samples", required=True)
    args = parser.parse_args()

    settings, vae = args.settings, json.loads(Path(args.vae).read_text())
    learnt = TrainingSet.of(tables.read(args.manifest, COLUMNS), args.parts)

    def make(folder: Path) -> None:
        pixels = learnt.pixels(args.pictures, settings["resolution"])
        train(pixels, learnt.captions, settings, Path(args.vae).parent, folder)

    hashes = [vae["vae"]["files"], vae["tokenizer"]]
    kept = kept_training(
        args.ledger, [learnt.content, settings, hashes, fingerprint(*NUMERIC)], make
    )
    target = Path(args.index).parent
    target.mkdir(parents=True, exist_ok=True)
    replace_tree(kept / "checkpoints", target / "checkpoints")
    with tables.replacing(args.samples) as temporary:
        shutil.copyfile(kept / "samples.png", temporary)
    checkpoints = {
        str(epoch): {
            "folder": f"checkpoints/{name(epoch)}",
            "weights": describe(target / "checkpoints" / name(epoch))["weights"],
        }
        for epoch in settings["keep"]
    }
    tables.write_json({"checkpoints": checkpoints, "members": len(learnt.captions)}, args.index)


def name(epoch: int) -> str:
    """Folder of a checkpoint."""
    return f"epoch-{epoch:04d}"


def train(pixels, captions: list[str], settings: dict, vae_folder: Path, folder: Path) -> None:
    """Train, saving the kept checkpoints and a sheet of samples below `folder`."""
    import torch
    from diffusers import AutoencoderKL
    from transformers import CLIPTokenizer

    from mia.training.diffusion import train_diffusion
    from mia.training.samples import generate, picture_rows

    torch.set_num_threads(settings["threads"])
    vae = AutoencoderKL.from_pretrained(vae_folder / "vae", use_safetensors=True)
    vae.eval().requires_grad_(False)
    tokenizer = CLIPTokenizer.from_pretrained(vae_folder / "tokenizer")
    pixels, generated = torch.from_numpy(pixels), []

    def keep(epoch: int, pipeline) -> None:
        pipeline.save_pretrained(folder / "checkpoints" / name(epoch))
        generated.append(generate(pipeline, captions[:SHOWN], settings["seed"]))

    train_diffusion(vae, tokenizer, pixels, captions, settings, keep)
    picture_rows(pixels[:SHOWN], generated).save(folder / "samples.png")


if __name__ == "__main__":
    main()
