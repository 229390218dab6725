"""What a kind of image source is: what a file of `mia.images.sources` has to offer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from mia.given.table import GivenTable
from mia.images.sources.shared.listing import Listing

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Key:
    """A config key that a source reads.

    Args:
        about: What it says, for the page on config keys.
        form: JSON schema of its values, with `default` where it has one.
        in_parts: Whether a part of a set may have its own.
        planned: Whether the plan depends on it.
        fetched: Whether the download depends on it.
    """

    about: str
    form: Mapping[str, Any]
    in_parts: bool = False
    planned: bool = True
    fetched: bool = False


@dataclass(frozen=True)
class GivenFolder:
    """A folder that people give: names of its files make the plan, the files are the images.

    Args:
        key: Config key that names it.
        path: Where it is.
        read: Endings of files that the plan reads besides, in lower case.
        addressed: Whether images have addresses, so that their shards do not follow from paths.
    """

    key: str
    path: str
    read: Collection[str] = ()
    addressed: bool = False


@dataclass(frozen=True)
class GivenFile:
    """A table that people give and that the plan reads.

    Args:
        key: Config key that names it.
        path: Where it is.
        called: What it is, for messages: `a captions table`.
        check: Raises a ValueError where the table lacks a column; no row is read. None where it is
            no table.
        holds_images: Whether the download reads it too.
        spans: Tells which of its bytes are read: first byte and number of bytes of each stretch, or
            None for all. All where there is no such function.
    """

    key: str
    path: str
    called: str
    check: Callable[[GivenTable], object] | None
    holds_images: bool = False
    spans: Callable[[], Sequence[tuple[int, int]] | None] | None = None


class Source(Protocol):
    """One kind of `source:`; a file of `mia.images.sources` has a class of this name.

    A *part* is the spec of one source part: the set's keys, overridden by the part's own. `parts`
    has them by name; the rows outside named parts belong to the part "".

    Attributes:
        about: What it is, for the page on config keys.
        keys: The config keys that it reads, besides those of all sources.
        needed: Those that a part must have. The last makes a set a source besides its parts.
        fetched_by: Dotted name of the module that fetches its images, as
            `mia.images.download.fetcher` says. The source's own file will do, but then whatever
            is edited there, all is fetched again. Empty where a rule of its own makes them.
        in_configs: Whether a config may name it.
        has_addresses: Whether its images have addresses of their own on the web.
        has_images: Whether there are images, or captions alone.
        may_be_shown: Whether anyone may be shown the images.
        package_files: Files of this package that the plan reads.
    """

    about: ClassVar[str]
    keys: ClassVar[Mapping[str, Key]]
    fetched_by: ClassVar[str] = ""
    in_configs: ClassVar[bool] = True
    needed: ClassVar[Sequence[str]] = ()
    has_addresses: ClassVar[bool] = False
    has_images: ClassVar[bool] = True
    may_be_shown: ClassVar[bool] = False
    package_files: ClassVar[Sequence[Path]] = ()

    @abstractmethod
    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """Return the rows of each part.

        Raises:
            ValueError: What is given cannot be listed; the message says what was expected.
        """

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """Return how many rows `listed` would find, limits aside, at little cost; None: unknown."""
        return dict.fromkeys(parts)

    def addressed(self, parts: Mapping[str, Spec]) -> bool:
        """Return whether the images of these parts have addresses: their own, or in `columns`."""
        named = ("url" in part.get("columns", {}) for part in parts.values())
        return self.has_addresses or all(named)

    def given(self, part: Spec) -> Sequence[GivenFolder | GivenFile]:
        """Return the files and folders of people that a part names."""
        return ()

    def image_files(self, part: Spec) -> Sequence[Path]:
        """Return the files that are a part's images, where each is one.

        Raises:
            ValueError: They cannot be listed.
        """
        return ()

    def mistakes(self, spec: Spec, key: str) -> Iterator[str]:
        """Yield a line for each mistake that a schema does not see in a set; `key` is the set's."""
        yield from ()
