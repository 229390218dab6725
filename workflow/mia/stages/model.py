"""Turn a model of any source into model.json: folder, hashes of all files, schedule, shapes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mia import tables
from mia.model_folder import ModelError, describe

HUB_FILES = [
    "model_index.json",
    "scheduler/*.json",
    "tokenizer/*.json",
    "tokenizer/*.txt",
    *(f"{part}/config.json" for part in ("text_encoder", "unet", "vae")),
    *(f"{part}/*.safetensors.index*.json" for part in ("text_encoder", "unet", "vae")),
]


def locate(spec: dict[str, Any], made_from: Sequence[str]) -> Path:
    """Return the folder of a model, downloading it from the hub where that is its source.

    Args:
        spec: The model's config block.
        made_from: index.json of its training, where that is its source.

    Raises:
        ModelError: A hub model that is neither cached nor reachable.
    """
    if spec["source"] == "path":
        return Path(spec["path"])
    if spec["source"] == "training":
        index = Path(made_from[0])
        return (
            index.parent
            / json.loads(index.read_text())["checkpoints"][str(spec["epoch"])]["folder"]
        )
    return from_hub(spec["repo"], spec["revision"], spec.get("variant"))


def from_hub(repo: str, revision: str, variant: str | None = None) -> Path:
    """Return the local snapshot of a pinned hub model; weights as safetensors only."""
    from huggingface_hub import snapshot_download

    suffix = f".{variant}" if variant else ""
    weights = [
        f"{part}/{stem}{suffix}{shard}.safetensors"
        for part in ("text_encoder", "unet", "vae")
        for stem in ("model", "diffusion_pytorch_model")
        for shard in ("", "-?????-of-?????")
    ]
    try:
        return Path(
            snapshot_download(repo, revision=revision, allow_patterns=[*HUB_FILES, *weights])
        )
    except Exception as error:  # the hub's client raises many kinds; all mean: not to be had
        raise ModelError(
            f"hub model {repo} at {revision}: not in the cache and not reachable: {error}"
        ) from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--spec", type=json.loads, required=True, help="the model's config block")
    parser.add_argument("--made-from", nargs="*", default=[], help="index.json of its training")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        model = describe(locate(args.spec, args.made_from), args.spec.get("variant"))
    except ModelError as error:
        raise SystemExit(f"error: models.{args.name}: {error}") from error
    tables.write_json({"name": args.name, **args.spec, **model}, args.output)


if __name__ == "__main__":
    main()
