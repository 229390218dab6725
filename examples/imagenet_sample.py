"""Draw five training and five validation images of each class, for config/dit-imagenet.yaml.

It reads `data/imagenet/train` and `data/imagenet/val`, each with a folder for each class, named by
its WordNet id. It writes links to the images and tables of captions below `data/dit-imagenet`. A
caption is the number of a class, counted from 0 in the order of the ids, as DiT was told it. No
name of a link tells which set an image is from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

IMAGENET = Path("data/imagenet")
OUTPUT = Path("data/dit-imagenet")
EACH = 5  # images of a class and set


def main() -> None:
    """Write both sets."""
    classes = sorted(path.name for path in (IMAGENET / "train").iterdir() if path.is_dir())
    rng = np.random.default_rng(0)
    for part in ("train", "val"):
        folder = OUTPUT / part
        folder.mkdir(parents=True)
        lines = ["file,caption"]
        for number, name in enumerate(classes):
            images = sorted((IMAGENET / part / name).glob("*.JPEG"))
            for place, chosen in enumerate(rng.choice(len(images), EACH, replace=False)):
                link = folder / f"{number:04d}-{place}.JPEG"
                link.symlink_to(images[chosen].resolve())
                lines.append(f"{link.name},{number}")
        folder.with_suffix(".csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
