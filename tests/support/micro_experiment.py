"""The smallest whole experiment: drawn images, an untrained model, one target, six attacks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

PROJECT = Path(__file__).parents[2]
PIPELINE = ("Snakefile", "workflow", "profiles", "envs", "docs")
PICTURES = 14  # in each part
IMAGES = 2 * PICTURES
EVALS = 7  # of all attacks together, for one image
CONFIG = {
    "results": "results",
    "image_sets": {
        "mine": {
            "source": "folder",
            "shards": 2,
            "parts": {
                part: {"path": f"data/{part}", "captions": f"data/{part}.csv"}
                for part in ("member", "nonmember")
            },
        }
    },
    "models": {"tiny": {"source": "path", "path": "models/tiny-sd"}},
    "targets": {
        "fair": {"model": "tiny", "members": "mine:member", "nonmembers": "mine:nonmember"}
    },
    "attacks": {
        "loss": {},
        "pia": {},
        "sima": {},
        "clid_null": {"timesteps": [450]},
        "blind_caption": {},
        "coin": {},
    },
    "measure": {"device": "cpu", "batch_size": 64},
    "evaluation": {"resamples": 100},
}
ROOTS = '''"""A helper that one attack alone imports."""


def root(values, p):
    """Return the p-th root of `values`."""
    return values ** (1 / p)
'''
IN_SIMA = {
    "size ** (1 / self.norm)": "root(size, self.norm)",
    "import Query, grid": "import Query, grid\nfrom mia.roots import root",
}


def lay_out(folder: Path, model: Path) -> None:
    """Copy the pipeline and `model` into `folder`, draw the images, write captions and config.

    In this copy one attack, `sima`, imports a helper of its own.
    """
    folder.mkdir(parents=True)
    for name in PIPELINE:
        if (PROJECT / name).is_dir():
            # With what Python compiled: it is compiled anew where the source is another.
            skip = shutil.ignore_patterns(".pytest_cache")
            shutil.copytree(PROJECT / name, folder / name, ignore=skip)
        else:
            shutil.copy2(PROJECT / name, folder / name)
    (folder / "workflow/mia/roots.py").write_text(ROOTS)
    sima = folder / "workflow/mia/attacks/sima.py"
    text = sima.read_text(encoding="utf-8")
    for old, new in IN_SIMA.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    sima.write_text(text, encoding="utf-8")
    shutil.copytree(model, folder / "models/tiny-sd")
    draw_part(folder / "data/member", seed=0)
    draw_part(folder / "data/nonmember", seed=1)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))


def draw_part(folder: Path, seed: int) -> None:
    """Draw images that no duplicate search takes for the same, and `{folder}.csv` with captions."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = ["file,caption"]
    for number in range(PICTURES):
        coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((24, 24), Image.Resampling.BICUBIC)
        picture.save(folder / f"{number:02d}.png")
        colour, thing = rng.choice(["red", "blue", "old"]), rng.choice(["cat", "dog", "birds"])
        lines.append(f"{number:02d}.png,a {colour} {thing} no {number}")
    folder.with_suffix(".csv").write_text("\n".join(lines) + "\n")
