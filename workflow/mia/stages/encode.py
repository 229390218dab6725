"""Encode the kept pictures of a shard once per VAE: posterior mean × scaling factor = z0."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from safetensors.numpy import save_file

from mia import tables
from mia.encoding import encode
from mia.images import archive
from mia.images.pictures import prepare_checked
from mia.latents import require_sound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", required=True, help="vae.json or model.json")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--pictures", required=True, help="pictures.tar of the shard")
    parser.add_argument("--parts", nargs="+", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--output", required=True)
    args = parser.parse_args()

    vae = json.loads(Path(args.vae).read_text())["vae"]
    columns = ["key", "image_id", "part", "kept"]
    manifest = tables.read(args.manifest, columns)
    wanted = manifest[manifest["kept"] & manifest["part"].isin(args.parts)]
    image_ids = wanted.set_index("key")["image_id"]
    keys = [key for key in archive.names(args.pictures) if key in image_ids.index]
    pictures = (
        prepare_checked(data, vae["resolution"], f"{key} of {args.pictures}")
        for key, data in archive.unpack(args.pictures, keys)
    )
    try:
        latents = encode(pictures, vae, args.device, args.threads)
        require_sound(latents, keys, vae)
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    about = {"key": json.dumps(keys), "image_id": json.dumps(image_ids.loc[keys].tolist())}
    with tables.replacing(args.output) as temporary:
        save_file({"z0": latents}, temporary, about)


if __name__ == "__main__":
    main()
