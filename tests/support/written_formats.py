"""The same images in each format that people keep them in."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


@dataclass(frozen=True)
class Written:
    """An image as it is written.

    Args:
        name: Name of its file, with its ending.
        data: Its bytes.
        caption: Its caption.
        url: Its address.
        family: The series that it belongs to, "" for none.
    """

    name: str
    data: bytes
    caption: str
    url: str = ""
    family: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """All but the bytes."""
        return {key: value for key, value in asdict(self).items() if key not in ("data", "name")}


def noise_png(number: int, side: int = 24) -> bytes:
    """Return an image that no duplicate search takes for another."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def tar(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """Write a tar of (name, bytes)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as file:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


def imagefolder(folder: Path, images: Sequence[Written], ending: str = ".csv") -> dict:
    """Write images into two folders, each with its metadata."""
    for number, part in enumerate(filter(None, (images[::2], images[1::2]))):
        inside = folder / f"part{number}" / "images"
        inside.mkdir(parents=True)
        rows = [{"file_name": f"images/{image.name}", **image.fields} for image in part]
        for image in part:
            (inside / image.name).write_bytes(image.data)
        _table(folder / f"part{number}" / f"metadata{ending}", rows)
    return {"source": "imagefolder", "path": str(folder)}


def _table(path: Path, rows: list[dict]) -> None:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)


def webdataset(folder: Path, images: Sequence[Written], per_tar: int = 500) -> dict:
    """Write images into tars: the image, `.txt` and `.json` of each."""
    for number in range(0, len(images), per_tar):
        members = []
        for image in images[number : number + per_tar]:
            key = Path(image.name).stem
            members += [
                (image.name, image.data),
                (f"{key}.txt", image.caption.encode()),
                (f"{key}.json", json.dumps(image.fields).encode()),
            ]
        tar(folder / f"{number // per_tar:05d}.tar", members)
    return {"source": "webdataset", "path": str(folder)}


def parquet(
    folder: Path, images: Sequence[Written], per_file: int = 1000, group: int = 100
) -> dict:
    """Write images into Parquet files, as structs of bytes and path."""
    folder.mkdir(parents=True)
    for number in range(0, len(images), per_file):
        rows = [
            {"image": {"bytes": image.data, "path": image.name}, **image.fields}
            for image in images[number : number + per_file]
        ]
        path = folder / f"train-{number // per_file:05d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=group)
    return {"source": "parquet", "path": str(folder)}


FORMATS: dict[str, Callable[..., dict]] = {
    "imagefolder": imagefolder,
    "webdataset": webdataset,
    "parquet": parquet,
}
