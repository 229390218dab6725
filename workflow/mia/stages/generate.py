"""Rule `generate`: make the images of one shard of captions; keep them as `download` does.

They are what the signal `generation` makes of the members whose captions are told, draw 0, as PNG
files of the model's own size. Each goes through the model by itself: its pixels depend on seed,
member and caption alone, whatever the shard. A killed job makes its images again.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from mia import command, storage
from mia.images import archive
from mia.images.sources.generated import member_of
from mia.models.weights import require_described
from mia.progress import Progress
from mia.signals import generation

if TYPE_CHECKING:
    from mia.measuring.batch import Batch
    from mia.models.denoiser import Denoiser

NOT_FINITE = "not_finite"
ERROR = "the model's output holds numbers that are not finite"


def main() -> None:
    parser = command.stage(__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the shard's plan")
    parser.add_argument("--model", required=True, type=Path, help="model.json")
    parser.add_argument("--threads", required=True, type=int)
    parser.add_argument("--pictures", required=True, type=Path, help="tar to write")
    parser.add_argument("--downloads", required=True, type=Path, help="table of results to write")
    command.run(parser, generate, "{plan}: ")


def generate(args: argparse.Namespace) -> None:
    planned = storage.read(args.plan, ["key", "url", "caption"])
    found: dict[str, bytes | None] = {}
    if len(planned):
        model = storage.read_json(args.model)
        require_described(model, args.model)
        found = dict(images(model, planned, args.settings, args.threads))
    files = ((key, data) for key, data in sorted(found.items()) if data is not None)
    with storage.replacing(args.pictures) as temporary:
        hashes = archive.pack(files, temporary)
    said = {True: ("success", ""), False: (NOT_FINITE, ERROR)}
    rows = [(key, *said[key in hashes], hashes.get(key, "")) for key in sorted(found)]
    table = pd.DataFrame(rows, columns=["key", "status", "error", "sha256"], dtype="string")
    storage.write(table, args.downloads)


def images(
    model: dict[str, Any], planned: pd.DataFrame, settings: dict[str, Any], threads: int
) -> Iterator[tuple[str, bytes | None]]:
    """Yield (key, PNG file) of each row; None where the model makes no image.

    Args:
        model: Contents of model.json.
        planned: Rows of the plan, at least one.
        settings: steps, guidance, condition, device, dtype, seed.
        threads: Torch threads.
    """
    import torch

    torch.set_num_threads(threads)
    further = {key: settings[key] for key in ("steps", "guidance")}
    told, progress, start = settings["condition"], Progress(len(planned)), time.monotonic()
    with torch.no_grad():
        for row, batch in zip(planned.itertuples(), batches(model, planned, settings), strict=True):
            pixels = generation.made(batch, further, 0, told).pixels[0]
            usable = bool(torch.isfinite(pixels).all())
            levels = (255 * pixels).round().permute(1, 2, 0).numpy()
            yield row.key, as_png(levels.astype(np.uint8)) if usable else None
            progress.done += 1
            if progress.is_due:
                progress.tell(f"{progress.done:,} of {progress.total:,} images")
    print(f"made {len(planned)} images in {time.monotonic() - start:.1f} s", file=sys.stderr)


def batches(
    model: dict[str, Any], planned: pd.DataFrame, settings: dict[str, Any]
) -> Iterator[Batch]:
    """Yield a batch of one image for each row; of the image itself there is nothing in it."""
    import torch

    from mia.measuring.batch import Batch
    from mia.measuring.stored_texts import StoredTexts, are_large
    from mia.models.autoencoder import Autoencoder
    from mia.models.device import choose
    from mia.models.families import module_of

    device = choose(settings["device"])
    whole = module_of(model["family"]).load(model, device, settings["dtype"])
    denoiser: Denoiser = whole
    captions = planned["caption"].fillna("").tolist()
    if are_large(model, whole.text_encoders):
        denoiser = texts = StoredTexts(whole)
        texts.keep(captions)
    autoencoder, blank = Autoencoder(model["vae"], device), torch.zeros(1, *model["latent_shape"])
    own = [(model["resolution"], model["resolution"])]
    for locator, caption in zip(planned["url"], captions, strict=True):
        yield Batch(
            denoiser,
            [member_of(locator)],
            blank.to(device),
            [caption],
            settings["seed"],
            size=1,
            autoencoder=autoencoder,
            sizes=own,
        )


def as_png(pixels: np.ndarray) -> bytes:
    """Return an image, `(height, width, 3)` as uint8, as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


if __name__ == "__main__":
    main()
