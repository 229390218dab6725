"""The image side of a made-up results folder: manifests, pairs, models, a sheet of samples."""

from __future__ import annotations

import hashlib

import pandas as pd
from PIL import Image, ImageDraw

from mia import storage

HOSTILE = "<img src=x onerror=alert(1)>"
ABOUT = {
    "photos": {
        "folders": {
            "seen": {"captions": ".txt files", "others": {".pdf": 2, "<b>odd": 1500}},
            "unseen": {"captions": None, "others": {}},
        },
        "idle_entries": {"count": 12, "entries": 30, "first": ["line 3", "line 5"]},
    }
}
THINGS = ("apple", "boat", "cloud", "dragon", "eye", "flag", "ghost", "hat", "island", "kite")


def identity(*words: object) -> str:
    return hashlib.sha256("/".join(map(str, words)).encode()).hexdigest()


def _host(i: int, part: str, failed: bool) -> str:
    """One of fourteen, of which one loses images of the part `unseen` alone."""
    refuses = i % 13 == 0 or (part == "unseen" and failed and i % 3 == 0)
    return "members.refuses.example" if refuses else f"pictures-{i % 13:02d}.example"


def manifest(folder, name, parts, rng) -> pd.DataFrame:
    rows, failures = [], ["not_found", "timeout", "not_an_image", "truncated"]
    for part, n in parts.items():
        for i in range(n):
            image_id = identity(name, part, i)
            failed = name == "photos" and rng.random() < (0.2 if part == "seen" else 0.3)
            row_status = str(rng.choice(failures)) if failed else "success"
            dropped = not failed and rng.random() < 0.04
            caption = f"{THINGS[i % len(THINGS)]} in {['red', 'a blue sea', 'winter'][i % 3]}"
            rows.append(
                {
                    "key": image_id[:16],
                    "image_id": None if failed else image_id,
                    "part": part,
                    "caption": HOSTILE if i % 2 == 0 else caption,
                    "url": f"https://{_host(i, part, failed)}/{image_id[:6]}.png",
                    "status": row_status,
                    "error": "HTTP Error 404" if failed else "",
                    "thumbnail": None if failed else _thumbnail(i, part),
                    "group": image_id,
                    "kept": not failed and not dropped,
                    "reason": row_status
                    if failed
                    else "duplicate of 0123456789abcdef"
                    if dropped
                    else "",
                }
            )
    table = pd.DataFrame(rows).sort_values("key").reset_index(drop=True)
    storage.write(table, folder / f"images/{name}/manifest.parquet", ABOUT.get(name))
    opened = table.loc[table["status"] == "success", "key"].tolist()
    pairs = pd.DataFrame(
        {
            "key_a": opened[:11],
            "key_b": opened[11:22],
            "part_a": "member",
            "part_b": ["member"] * 6 + ["nonmember"] * 5,
            "distance": pd.array([0, 0, 2, 4, 4, None, 2, 0, None, 8, 3], dtype="Int64"),
            "rmse": [0, 0, 0.02, 0.02, 0.02, None, 0.14, 0, None, 0.13, 0.06],
            "cosine": None,
            "mirrored": [False] * 4 + [True] + [False] * 5 + [True],
            "kind": [
                "exact",
                "exact",
                "near",
                "near",
                "mirror",
                "caption",
                "near",
                "exact",
                "caption",
                "review",
                "review",
            ],
            "dropped": [*opened[11:16], *[None] * 6],
        }
    )
    storage.write(pairs, folder / f"images/{name}/pairs.parquet")
    return table


def target_pairs(folder, target, membership) -> None:
    """Four pairs of a member and a nonmember: of three kinds, and one for review."""
    sides = {
        side: membership.loc[membership["member"] == flag, ["set", "key"]].iloc[:4]
        for side, flag in (("a", True), ("b", False))
    }
    pairs = pd.DataFrame(
        {
            **{f"{c}_{s}": rows[c].to_numpy() for s, rows in sides.items() for c in rows},
            "distance": [0, 5, 3, 9],
            "rmse": [0, 0.11, 0.04, 0.17],
            "mirrored": [False, False, True, False],
            "cosine": None,
            "kind": ["exact", "near", "mirror", "review"],
        }
    )
    storage.write(pairs, folder / f"targets/{target}/pairs.parquet")


def _thumbnail(i: int, part: str) -> bytes:
    picture = Image.new("RGB", (32, 32), "white")
    colour = [(220, 60, 50), (60, 120, 210), (70, 160, 90), (240, 190, 60)][i % 4]
    draw = ImageDraw.Draw(picture)
    shape = draw.rectangle if part == "extra" else draw.ellipse
    shape((4, 4 + i % 5, 27, 27), fill=colour, outline="black")
    return picture.tobytes()


def model(folder, name, spec) -> None:
    model = {
        "name": name,
        "source": spec["source"],
        "family": "stable_diffusion",
        "folder": "/srv/x",
    }
    model |= {
        "revision": None,
        "files": {},
        "weights": identity(name),
        "prediction_type": "epsilon",
    }
    model |= {"alpha_bar": [0.9], "resolution": 32, "latent_shape": [16, 8, 8]}
    model |= {"training": spec.get("training"), "epoch": spec.get("epoch")}
    storage.write_json(model, folder / f"models/{name}/model.json")


def samples(path, rng) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGB", (8 * 40, 4 * 40), "white")
    for i in range(32):
        tile = Image.frombytes("RGB", (32, 32), _thumbnail(i, "member"))
        picture.paste(tile, (i % 8 * 40 + 4, i // 8 * 40 + 4))
    picture.save(path)
