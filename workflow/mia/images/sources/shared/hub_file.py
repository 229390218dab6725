"""Files of pinned datasets of the Hugging Face hub: from the local cache, else downloaded into it.

The cache is the hub's own (`HF_HOME`); with `HF_HUB_OFFLINE=1` nothing else is asked.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path, PurePosixPath

from mia.file_hash import file_hash
from mia.hub_error import HubError, unreachable


def dataset_file(repo: str, revision: str, file: str, sha256: str | None = None) -> Path:
    """Return the local copy of a file of a pinned dataset, its sha256 checked where one is given.

    Raises:
        HubError: It is neither in the cache nor to be downloaded, or has another sha256.
    """
    from huggingface_hub import hf_hub_download

    what = f"{file} of hub dataset {repo}"
    try:
        path = Path(hf_hub_download(repo, file, repo_type="dataset", revision=revision))
    except Exception as error:
        wanted = f"{repo} {file} --repo-type dataset"
        raise HubError(unreachable(what, wanted, revision, error)) from error
    if sha256 and (found := file_hash(path)) != sha256:
        raise HubError(
            f"{what} at {revision}: sha256 {found}; expected {sha256}. A damaged copy goes away "
            f"when {path.resolve()} is deleted"
        )
    return path


def cached_file(repo: str, revision: str, file: str) -> Path | None:
    """Return where the hub's cache has a file of a pinned dataset; None where it has not."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repo, file, repo_type="dataset", revision=revision)
    return Path(found) if isinstance(found, str) else None


def dataset_files(repo: str, revision: str, path: str, ending: str) -> list[str]:
    """Return the files of a pinned dataset that a file, folder or pattern names, sorted.

    Raises:
        HubError: The hub does not say which files there are, and its cache cannot: it may lack one.
        ValueError: There is no such file.
    """
    if path.lower().endswith(ending) and not has_magic(path):
        return [path]
    whole = path if has_magic(path) else f"{path.strip('/')}/*"
    try:
        names = _names(repo, revision)
    except Exception as error:
        names = [name for name in _cached_names(repo, revision) if fnmatchcase(name, whole)]
        if not _complete(names):
            raise HubError(
                unreachable(
                    f"list of files of hub dataset {repo}",
                    f"{repo} --include '{whole}' --repo-type dataset",
                    revision,
                    error,
                )
            ) from error
    found = [n for n in names if fnmatchcase(n, whole) and n.lower().endswith(ending)]
    if not found:
        raise ValueError(f"{repo}: {path}: no file ending in {ending} at {revision}")
    return sorted(found)


def _names(repo: str, revision: str) -> list[str]:
    from huggingface_hub import HfApi

    return HfApi().list_repo_files(repo, repo_type="dataset", revision=revision)


def _cached_names(repo: str, revision: str) -> list[str]:
    from huggingface_hub import constants

    kept = f"datasets--{repo.replace('/', '--')}/snapshots/{revision}"
    folder = Path(constants.HF_HUB_CACHE, kept)
    return [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]


def _complete(names: list[str]) -> bool:
    """Whether names say how many there are, as in `train-00003-of-00005.parquet`, and all are."""
    counts: dict[str, list[int]] = {}
    for name in names:
        if not (found := re.fullmatch(r"(.+)-\d+-of-(\d+)\.\w+", str(PurePosixPath(name)))):
            return False
        counts.setdefault(found[1], []).append(int(found[2]))
    return bool(names) and all(len(of) == of[0] for of in counts.values())
