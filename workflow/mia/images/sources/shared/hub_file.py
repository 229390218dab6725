"""Files of pinned datasets of the Hugging Face hub: from the local cache, else downloaded into it.

The cache is the hub's own (`HF_HOME`); with `HF_HUB_OFFLINE=1` nothing else is asked.
"""

from __future__ import annotations

from pathlib import Path

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
