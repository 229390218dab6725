"""The hub's cache, laid out as its own client lays it out, for tests without a network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


def cache_model(hub: Path, repo: str, revision: str, folder: Path) -> Path:
    """Put a model's folder into the cache; return its snapshot."""
    snapshot = hub / f"models--{repo.replace('/', '--')}" / "snapshots" / revision
    shutil.copytree(folder, snapshot)
    return snapshot


def cache_dataset(hub: Path, repo: str, revision: str, files: dict[str, Path]) -> None:
    """Put files, by their path in the dataset, into the cache: blobs, and links to them."""
    place = hub / f"datasets--{repo.replace('/', '--')}"
    for number, (name, source) in enumerate(sorted(files.items())):
        blob, link = place / "blobs" / f"{number:064x}", place / "snapshots" / revision / name
        for path in (blob, link):
            path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, blob)
        link.symlink_to(blob)


def only_the_cache(monkeypatch: pytest.MonkeyPatch, hub: Path) -> None:
    """Shut off the network in this process, so that nothing but `hub` can answer."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(hub))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
