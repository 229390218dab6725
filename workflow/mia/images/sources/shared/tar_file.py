"""Samples of a tar, as WebDataset has them: members of one name, told apart by their endings.

`a/0001.jpg` and `a/0001.txt` are a sample. Its key is the name up to the first dot. Only headers
are read, and the captions that are wanted; an image is found again by its place in the file.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from mia.excerpt import excerpt, listed
from mia.images.sources.shared.picture_files import is_picture

NAME = re.compile(r"(?s)((?:.*/|)[^./][^.]*)\.([^/]+)")
Place = tuple[int, int]  # first byte in the tar, number of bytes


@dataclass(frozen=True)
class Sample:
    """Members of one key.

    Args:
        key: Their name up to the first dot.
        members: Place by ending, without its first dot, in lower case.
    """

    key: str
    members: dict[str, Place] = field(default_factory=dict)

    def image(self, tar: str, ending: str = "") -> Place | None:
        """Return where the image is; None where there is none.

        Args:
            tar: The tar, for messages.
            ending: That of the image; of any image where not given.

        Raises:
            ValueError: Several members are images.
        """
        if ending:
            return self.members.get(ending.lower().removeprefix("."))
        found = [name for name in self.members if is_picture(f"{self.key}.{name}")]
        if len(found) > 1:
            raise ValueError(
                f"{tar}: {len(found)} images of one key, {excerpt(self.key)}: {listed(found)}; "
                f"expected one, or `columns: {{image: {found[0]}}}`"
            )
        return self.members[found[0]] if found else None


def samples(tar: str) -> dict[str, Sample]:
    """Return the samples of a tar, by key, in its order.

    Raises:
        ValueError: It is no sound tar, or has two members of one key and ending.
    """
    found: dict[str, Sample] = {}
    for name, place in _members(tar):
        if not (parts := NAME.fullmatch(name)):
            continue
        sample = found.setdefault(parts[1], Sample(parts[1]))
        if sample.members.setdefault(parts[2].lower(), place) != place:
            what = "two images of one key" if is_picture(name) else "two members of one name"
            raise ValueError(f"{tar}: {what}: {excerpt(name)}; expected one")
    return found


def keys(tar: str) -> list[str]:
    """Return the keys of a tar's samples, in its order."""
    return [*samples(tar)]


def _members(tar: str) -> Iterator[tuple[str, Place]]:
    try:
        with tarfile.open(tar, "r:") as file:
            for member in file:
                if member.isfile():
                    yield member.name, (member.offset_data, member.size)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(
            f"{tar}: no sound tar: {excerpt(str(error))}; expected one that is not compressed"
        ) from error
