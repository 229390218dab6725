"""Pinned models and tables of the Hugging Face hub: from the local cache, else downloaded into it.

The cache is the hub's own (`HF_HOME`); with `HF_HUB_OFFLINE=1` nothing else is asked.
"""

from __future__ import annotations

from pathlib import Path

from mia.model_folder import file_hash

PARTS = ("text_encoder", "unet", "vae")
MODEL_FILES = [
    "model_index.json",
    "scheduler/*.json",
    "tokenizer/*.json",
    "tokenizer/*.txt",
    *(f"{part}/config.json" for part in PARTS),
    *(f"{part}/*.safetensors.index*.json" for part in PARTS),
]


class HubError(ValueError):
    """What cannot be had from the hub; the message says what to do."""


def model_snapshot(repo: str, revision: str, variant: str | None = None) -> Path:
    """Return the local snapshot of a pinned model; weights as safetensors only.

    Raises:
        HubError: It is neither in the cache nor to be downloaded.
    """
    from huggingface_hub import snapshot_download

    suffix = f".{variant}" if variant else ""
    weights = [
        f"{part}/{stem}{suffix}{shard}.safetensors"
        for part in PARTS
        for stem in ("model", "diffusion_pytorch_model")
        for shard in ("", "-?????-of-?????")
    ]
    patterns = [*MODEL_FILES, *weights]
    try:
        return Path(snapshot_download(repo, revision=revision, allow_patterns=patterns))
    except Exception as error:  # the hub's client raises many kinds; all mean: not to be had
        raise HubError(_unreachable(f"hub model {repo}", repo, revision, error)) from error


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
        raise HubError(_unreachable(what, wanted, revision, error)) from error
    if sha256 and (found := file_hash(path)) != sha256:
        raise HubError(
            f"{what} at {revision}: sha256 {found}; expected {sha256}. A damaged copy goes away "
            f"when {path.resolve()} is deleted"
        )
    return path


def _unreachable(what: str, wanted: str, revision: str, error: Exception) -> str:
    return (
        f"{what} at {revision}: not in the cache and not to be downloaded: "
        f"{' '.join(str(error).split())} "
        "Check repository, revision and file; or, on a machine with internet, run `hf download "
        f"{wanted} --revision {revision}` and copy its cache here (HF_HOME says where it lies). "
        "Terms of use are accepted on the hub's page, with HF_TOKEN set here"
    )
