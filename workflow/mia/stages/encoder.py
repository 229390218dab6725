"""Load an embedding model once, before pictures are downloaded for it; say what it embeds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mia import tables
from mia.caption_embedding import CaptionEmbedder
from mia.clip_folder import TEXT, channels
from mia.embedding import Embedder
from mia.model_json import ModelError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, type=json.loads, help="path and sha256")
    parser.add_argument("--output", required=True)
    args = parser.parse_args()
    try:
        embedded = channels(Path(args.spec["path"]))
        Embedder(args.spec, "cpu", threads=1)
        if TEXT in embedded:
            CaptionEmbedder(args.spec, "cpu", threads=1)
    except (ModelError, OSError) as error:
        raise SystemExit(f"error: embedding model: {error}") from error
    tables.write_json({**args.spec, "channels": embedded}, args.output)


if __name__ == "__main__":
    main()
