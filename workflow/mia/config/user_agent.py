"""Who we are to the servers that are asked for images."""

from __future__ import annotations

from mia.images.download.robots import NAME

# As pyproject.toml says. It stands here because no job's code may change with it: a new version
# would download all images again.
VERSION = "0.1.0"


def user_agent(contact: str | None) -> str:
    """Return the header `User-Agent`: our name and version, and whom to write to where it is given.

    >>> user_agent("you@lab.example"), user_agent(None)
    ('fair-mia/0.1.0 (+mailto:you@lab.example)', 'fair-mia/0.1.0')
    """
    if contact is None:
        return f"{NAME}/{VERSION}"
    address = contact if ":" in contact else f"mailto:{contact}"
    return f"{NAME}/{VERSION} (+{address})"
