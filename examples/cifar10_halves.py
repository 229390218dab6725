"""Write the images of CIFAR-10 for config/ddpm-cifar10.yaml, as PNG files below data/cifar10.

`member` and `nonmember` are SecMI's halves of the training set, `train` and `test` the official
sets. It reads `data/cifar-10-batches-bin`, the binary version of CIFAR-10, and the split,
`data/CIFAR10_train_ratio0.5.npz`, which lies in `mia_evals/member_splits` of SecMI's repository.
The split counts the training images from 0, through the five batches in their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

BATCHES = Path("data/cifar-10-batches-bin")
SPLIT = Path("data/CIFAR10_train_ratio0.5.npz")
OUTPUT = Path("data/cifar10")
IMAGE = 3 * 32 * 32  # bytes: red, green, blue; before them, one byte of the class


def read(names: Iterable[str]) -> np.ndarray:
    """Return the images of some batches, `(images, 32, 32, 3)` uint8."""
    rows = np.concatenate([np.fromfile(BATCHES / name, np.uint8) for name in names])
    pixels = rows.reshape(-1, 1 + IMAGE)[:, 1:]
    return pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def write(part: str, pixels: np.ndarray, numbers: Iterable[int]) -> None:
    """Write the images of these numbers into the folder of a part."""
    folder = OUTPUT / part
    folder.mkdir(parents=True)
    for number in numbers:
        Image.fromarray(pixels[number]).save(folder / f"{number:05d}.png")


def main() -> None:
    """Write all four parts."""
    train = read(f"data_batch_{batch}.bin" for batch in range(1, 6))
    test = read(["test_batch.bin"])
    split = np.load(SPLIT)
    write("member", train, split["mia_train_idxs"])
    write("nonmember", train, split["mia_eval_idxs"])
    write("train", train, range(len(train)))
    write("test", test, range(len(test)))


if __name__ == "__main__":
    main()
