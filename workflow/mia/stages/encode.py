"""Encode the kept images of a shard once per VAE: posterior mean × scaling factor = z0."""

from __future__ import annotations

import argparse

from mia import command, storage
from mia.images import archive
from mia.images.pictures import prepare_checked
from mia.models import latents_file
from mia.models.captions import are_classes, require_captions
from mia.models.encoding import encode
from mia.models.options import preparation
from mia.models.sound_latents import require_sound
from mia.models.weights import require_described


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--vae", required=True, help="vae.json or model.json")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--pictures", required=True, help="pictures.tar of the shard")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--output", required=True)
    command.run(parser, encode_shard)


def encode_shard(args: argparse.Namespace) -> None:
    model = storage.read_json(args.vae)
    vae = model["vae"]
    told = ["caption"] if are_classes(model) else []
    manifest = storage.read(args.manifest, ["key", "image_id", "part", "kept", *told])
    wanted = manifest[manifest["kept"] & manifest["part"].isin(args.settings["parts"])]
    if told:
        captions = wanted["caption"].fillna("")
        require_captions(model, zip(wanted["key"], captions, strict=True), args.manifest)
    require_described(vae, args.vae)
    image_ids = wanted.set_index("key")["image_id"].to_dict()
    names = archive.names(args.pictures)
    image_ids = {key: image_ids[key] for key in names if key in image_ids}
    prepared = preparation(vae)
    pictures = (
        prepare_checked(data, vae["resolution"], f"{key} of {args.pictures}", prepared)
        for key, data in archive.unpack(args.pictures, image_ids)
    )
    latents = encode(pictures, vae, args.settings["device"], args.threads)
    require_sound(latents, list(image_ids), vae)
    latents_file.write(latents, list(image_ids), list(image_ids.values()), args.output)


if __name__ == "__main__":
    main()
