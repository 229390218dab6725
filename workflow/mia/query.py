"""What an attack asks a model for: one question per image, answered once and shared."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CONDITION = re.compile(r"^(caption|null|both|alt-[a-z0-9_-]+)$")
TIMESTEPS = range(1000)


@dataclass(frozen=True, order=True)
class Query:
    """One measurement of one signal: hashable, sortable, the same for every image.

    Args:
        signal: Module name in `mia.signals`.
        timestep: Step of the training schedule, 0 (least noise) to 999.
        draw: Number of the Gaussian noise tensor (`mia.noise`); 0 where no noise is drawn.
        condition: `caption`, `null` (the empty string), `both`, or `alt-<name>`.
        further: Other parameters of the signal, as sorted (name, value) pairs.

    Raises:
        ValueError: A field is outside its range; the message names the field.

    >>> Query("denoise", 100).name
    't100-d0-caption'
    """

    signal: str
    timestep: int
    draw: int = 0
    condition: str = "caption"
    further: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.timestep, bool) or not isinstance(self.timestep, int):
            raise ValueError(f"timestep must be an integer, got {self.timestep!r}")
        if self.timestep not in TIMESTEPS:
            raise ValueError(f"timestep must be in 0…{TIMESTEPS[-1]}, got {self.timestep}")
        if isinstance(self.draw, bool) or not isinstance(self.draw, int) or self.draw < 0:
            raise ValueError(f"draw must be an integer from 0 up, got {self.draw!r}")
        if not CONDITION.match(str(self.condition)):
            raise ValueError(
                f"condition must be caption, null, both or alt-<name>, got {self.condition!r}"
            )

    @property
    def name(self) -> str:
        """File name of this query's rows, unique within its signal."""
        stem = f"t{self.timestep}-d{self.draw}-{self.condition}"
        if not self.further:
            return stem
        text = json.dumps(dict(self.further), sort_keys=True)
        return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def side(self) -> str:
        """Which columns hold its estimate: `null`, or `caption` for any caption."""
        return "null" if self.condition == "null" else "caption"

    @property
    def path(self) -> str:
        """`signal/name`: unique among all queries."""
        return f"{self.signal}/{self.name}"

    def fields(self) -> dict[str, Any]:
        """Return the columns that identify this query in a table, `further` spread out."""
        return {
            "timestep": self.timestep,
            "draw": self.draw,
            "condition": self.condition,
            **dict(self.further),
        }


def grid(
    signal: str,
    timesteps: Iterable[int],
    draws: int,
    condition: str = "caption",
    further: tuple[tuple[str, Any], ...] = (),
) -> tuple[Query, ...]:
    """Return one query for each of `timesteps` and each of the first `draws` draws.

    >>> [query.name for query in grid("denoise", (100, 300), 1, "null")]
    ['t100-d0-null', 't300-d0-null']
    """
    return tuple(
        Query(signal, timestep, draw, condition, further)
        for timestep in timesteps
        for draw in range(draws)
    )


def dump(queries: Iterable[Query]) -> str:
    """Return queries as JSON; equal sets give equal text.

    Queries that differ only in their timestep share an entry, so a command line holds thousands.

    >>> dump(grid("denoise", (100, 300), 2, "null"))
    '[["denoise", "null", {}, 0, [100, 300]], ["denoise", "null", {}, 1, [100, 300]]]'
    """
    timesteps: dict[str, list[int]] = {}
    for query in sorted(set(queries)):
        rest = [query.signal, query.condition, dict(query.further), query.draw]
        timesteps.setdefault(json.dumps(rest), []).append(query.timestep)
    return json.dumps([[*json.loads(rest), steps] for rest, steps in sorted(timesteps.items())])


def load(text: str) -> tuple[Query, ...]:
    """Return the queries that `dump` wrote, sorted.

    >>> load(dump([Query("clean", 0, condition="null")]))[0].condition
    'null'
    """
    return tuple(
        sorted(
            Query(signal, timestep, draw, condition, tuple(sorted(further.items())))
            for signal, condition, further, draw, timesteps in json.loads(text)
            for timestep in timesteps
        )
    )
