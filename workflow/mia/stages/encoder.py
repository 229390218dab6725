"""Load an embedding model once, before pictures are downloaded for it; say what it embeds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mia import storage
from mia.models.clip_folder import TEXT, channels
from mia.models.clip_image import Embedder
from mia.models.clip_text import CaptionEmbedder
from mia.models.model_json import ModelError


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
    storage.write_json({**args.spec, "channels": embedded}, args.output)


if __name__ == "__main__":
    main()
