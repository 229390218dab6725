"""Rule `embed`: embed the images of a shard that could be opened, or their captions."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from mia import command, storage
from mia.images.archive import unpack
from mia.images.pictures import prepare_checked
from mia.models.clip_folder import WORDS
from mia.models.clip_image import Embedder
from mia.models.clip_text import CaptionEmbedder


def main(arguments: list[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--rows", required=True, type=Path, help="the shard's rows")
    parser.add_argument(
        "--pictures", nargs="?", type=Path, help="pictures.tar of the shard; without it, captions"
    )
    parser.add_argument("--channel", required=True, help="embedding, text or words")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    command.run(parser, embed, arguments=arguments)


def embed(args: argparse.Namespace) -> None:
    used = "image_id" if args.pictures else "caption"
    rows = storage.read(args.rows, ["key", "status", used])
    rows = rows[rows["status"] == "success"]
    found = (
        of_pictures(args, rows.set_index("key")["image_id"])
        if args.pictures
        else of_captions(args, rows)
    )
    stored = {key: vector.tobytes() for key, vector in found.items()}
    embeddings = pd.Series(stored, dtype=object).reindex(sorted(rows["key"]))
    table = pd.DataFrame({"key": embeddings.index.astype("string"), "embedding": embeddings})
    storage.write(table, args.output)


def of_pictures(args: argparse.Namespace, image_ids: pd.Series) -> dict[str, np.ndarray]:
    """Return key to image embedding."""
    embedder = Embedder(args.settings, args.settings["device"], args.threads)
    return {
        key: embedder(prepare_checked(data, embedder.size, f"{key} of {args.pictures}"))
        for key, data in unpack(args.pictures, image_ids.to_dict())
    }


def of_captions(args: argparse.Namespace, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return key to caption vector; a missing caption counts as an empty one."""
    projected = args.channel == WORDS
    embedder = CaptionEmbedder(args.settings, args.settings["device"], args.threads, projected)
    captions = rows["caption"].fillna("")
    return dict(zip(rows["key"], map(embedder, captions), strict=True))


if __name__ == "__main__":
    main()
