"""The error for a model or table that cannot be loaded from the Hugging Face hub."""

from __future__ import annotations


class HubError(ValueError):
    """Something cannot be loaded from the hub; the message says what to do."""


def unreachable(what: str, wanted: str, revision: str, error: Exception) -> str:
    """Return the message about `what`; `wanted` are the words that `hf download` takes for it."""
    return (
        f"{what} at {revision}: not in the cache and not to be downloaded: "
        f"{' '.join(str(error).split())} "
        "Check repository, revision and file; or, on a machine with internet, run `hf download "
        f"{wanted} --revision {revision}` and copy its cache here (HF_HOME says where it lies). "
        "Terms of use are accepted on the hub's page, with HF_TOKEN set here"
    )
