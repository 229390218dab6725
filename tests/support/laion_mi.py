"""A stand-in for what config/laion-mi.yaml needs: hub cache, image server, Stable Diffusion."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

from hub_cache import cache_dataset, cache_model
from mia.attacks.shared.contract import traits_of
from mia.config.attacks import build_attack
from mia.images.download import loopback
from tiny_model import as_first_published

CONFIG = Path(__file__).parents[2] / "config" / "laion-mi.yaml"
ROWS = 100  # of each part
LIVE = {"member": 0.2, "nonmember": 0.25}  # of the real ones about 0.44 and 0.64: evals take time
WORDS = ("red", "blue", "old", "cat", "dog", "birds", "sea", "print", "wall", "art")


class Pictures(BaseHTTPRequestHandler):
    """Answers for `/{part}/{number}.png`: an image, or one of the ways in which addresses die."""

    def do_GET(self):
        part, number = self.path.strip("/").removesuffix(".png").split("/")
        if is_live(part, int(number)):
            return self._answer(200, "image/png", picture(part, int(number)))
        if int(number) % 3 == 0:
            return self._answer(200, "text/html", b"<html>no longer here</html>")
        return self._answer(404 if int(number) % 3 == 1 else 403, "text/plain", b"")

    def _answer(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def is_live(part: str, number: int) -> bool:
    return number < LIVE[part] * ROWS


def picture(part: str, number: int) -> bytes:
    """PNG bytes; the first nonmember is a member's image, the second one's double."""
    if part == "nonmember" and number < 2:
        return picture("member", number) if number == 0 else picture("nonmember", 2)
    rng = np.random.default_rng([number, part == "member"])
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    coarse.resize((24, 24), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def table(part: str, address: str) -> pd.DataFrame:
    """The columns of the real tables: `url` and `caption`, nothing else."""
    rng = np.random.default_rng(part == "member")
    captions = [" ".join(rng.choice(WORDS, 4)) for _ in range(ROWS)]
    urls = [f"{address}{part}/{number}.png" for number in range(ROWS)]
    return pd.DataFrame({"url": urls, "caption": captions})


@contextmanager
def stand_in(folder: Path, model: Path) -> Iterator[dict]:
    """Fill `folder/hub`, serve the images, and yield the config with what the stand-in changes.

    Repositories, revisions and file names are the real config's; of each attack its first row.
    """
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    pictures, sd14 = config["image_sets"]["laion_mi"], config["models"]["sd14"]
    first = as_first_published(shutil.copytree(model, folder / "sd14"))
    cache_model(folder / "hub", sd14["repo"], sd14["revision"], first)
    with loopback.serving(Pictures) as address:
        files = {}
        for name, part in pictures["parts"].items():
            source = folder / f"{name}.parquet"
            table(name, address).to_parquet(source)
            files[part["file"]] = source
            part["sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
        cache_dataset(folder / "hub", pictures["repo"], pictures["revision"], files)
        config["results"] = "results"
        pictures |= {"shards": 2, "allow_hosts": ["127.0.0.1"]}
        config["measure"] = {"device": "cpu", "dtype": "float32", "batch_size": 256, "repeats": 1}
        config["evaluation"] = {"resamples": 100}
        rows = [*config["attacks"].items()]
        firsts = {row.get("attack", name): name for name, row in reversed(rows)}.values()
        config["attacks"] = {name: row for name, row in rows if name in firsts}
        for name, attack in config["attacks"].items():
            if attack.get("draws") or attack.get("attack", "").startswith("dubinski"):
                attack["draws"] = 2 if traits_of(build_attack(name, attack)).compares_draws else 1
        yield config
