"""An experiment whose answers are known: three small models, and images that each saw or did not.

`memory` was trained on the parts `claimed` and `styled` of one set for far too long. `control` and
`unlike` saw other images, `unlike` with another network and another seed. No model saw `heldout`
and `spare`. VAE and tokenizer learnt the images of `control`, so that they carry no membership.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import yaml

from mia.images.sources.shared import openmoji
from mia.images.sources.shared.openmoji_families import concept
from workbench import Workbench

SETS = {
    "trained": {"claimed": 400, "styled": 200},
    "others": {"heldout": 400, "control": 300, "unlike": 240, "spare": 300},
}
STYLE = "{} icon"  # how some captions are written
OFTEN, SELDOM = 0.7, 0.2  # share of such captions in `styled`, and in every other part
HIDDEN = (1.5, 3.0, 6.0)  # log odds of being a member, between hardest and easiest image
BLIND = ("blind_caption", "blind_image", "blind_all")
CONFIG = {
    "results": "results",
    "seed": 1,
    "image_sets": {
        name: {
            "source": "folder",
            "shards": 1,
            "duplicates": {"linked_rmse": 0.4},
            "parts": {
                part: {"path": f"data/{part}", "captions": f"data/{part}.csv"} for part in parts
            },
        }
        for name, parts in SETS.items()
    },
    "training": {
        "memory": {
            "set": "trained",
            "representation_set": "others:control",
            "epochs": 70,
            "vae_steps": 150,
            "vocabulary": 800,
            "text_length": 16,
            "text_layers": 1,
            "vae_channels": [16, 16, 32, 32],
            "channels": [64, 64],
        },
        "control": {"set": "others:control", "like": "memory", "epochs": 40, "seed": 2},
        "unlike": {
            "set": "others:unlike",
            "like": "memory",
            "epochs": 40,
            "seed": 3,
            "channels": [32, 64],
        },
    },
    "models": {
        name: {"source": "training", "training": name} for name in ("memory", "control", "unlike")
    },
    "targets": {
        name: {
            "model": model,
            "members": members,
            "nonmembers": nonmembers,
            "members_are": "claimed",
            **({"control": control} if control else {}),
        }
        for name, model, control, members, nonmembers in (
            ("used", "memory", "control", "trained:claimed", "others:heldout"),
            ("used-alone", "memory", None, "trained:claimed", "others:heldout"),
            ("styled", "memory", "control", "trained:styled", "others:heldout"),
            ("styled-alone", "memory", None, "trained:styled", "others:heldout"),
            ("unseen", "control", "unlike", "trained:claimed", "others:heldout"),
            ("pool", "unlike", "control", "others:spare", "others:heldout"),
            ("judge", "memory", None, "others:spare", "others:heldout"),
        )
    },
    "attacks": {name: {} for name in ("loss", "loss_ratio", "sima", "clid_null", *BLIND)},
    "measure": {"device": "cpu", "batch_size": 128, "repeats": 0},
    "evaluation": {"resamples": 100},
}


def lay_out(folder: Path, home: Path) -> Workbench:
    """Draw the images into `folder`, write captions and config; the pipeline is that at `home`."""
    parts = {part: count for sizes in SETS.values() for part, count in sizes.items()}
    rng = np.random.default_rng(0)
    codes = rng.permutation(unrelated())
    ends = np.cumsum([*parts.values()])
    assert ends[-1] <= len(codes), (ends[-1], len(codes))
    for part, chosen in zip(parts, np.split(codes, ends), strict=False):
        draw(folder / "data" / part, [str(code) for code in chosen], rng)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    return Workbench(folder, home)


def unrelated() -> list[str]:
    """Return one code of each emoji, whatever its gender and skin tone: no near-duplicates."""
    codes = [code for code in openmoji.codes() if openmoji.collection(code) == "unicode"]
    return [*{concept(code): code for code in reversed(codes)}.values()][::-1]


def draw(folder: Path, codes: list[str], rng: np.random.Generator) -> None:
    """Write the images, and `{folder}.csv` with their captions."""
    folder.mkdir(parents=True)
    share = OFTEN if folder.name == "styled" else SELDOM
    with folder.with_suffix(".csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow(["file", "caption"])
        for code in codes:
            (folder / f"{code}.png").write_bytes(openmoji.render(code))
            caption = openmoji.caption(code)
            table.writerow(
                [f"{code}.png", STYLE.format(caption) if rng.random() < share else caption]
            )
