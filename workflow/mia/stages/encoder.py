"""Load an embedding model once, before images are downloaded for it; say what it embeds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mia import command, storage
from mia.models.clip_folder import TEXT, channels
from mia.models.clip_image import Embedder
from mia.models.clip_text import CaptionEmbedder


def main(arguments: Sequence[str] | None = None) -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--output", required=True)
    command.run(parser, load, "embedding model: ", arguments)


def load(options: argparse.Namespace) -> None:
    spec = options.settings
    embedded = channels(Path(spec["path"]))
    Embedder(spec, "cpu", threads=1)
    if TEXT in embedded:
        CaptionEmbedder(spec, "cpu", threads=1)
    storage.write_json({**spec, "channels": embedded}, options.output)


if __name__ == "__main__":
    main()
