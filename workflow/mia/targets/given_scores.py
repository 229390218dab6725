"""A table of labels and scores that was made elsewhere: all that a target of scores alone has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mia.excerpt import cut, excerpt, listed
from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.targets import folds
from mia.targets.blocks import blocks_of
from mia.targets.sufficiency import can_show_anything


@dataclass(frozen=True)
class Label(Column):
    """A column of labels: numbers or text, or what Parquet calls bool."""

    def require(self, kind: pa.DataType, called: str) -> None:
        """As `Column` says; a bool is a label too."""
        if not pa.types.is_boolean(kind):
            super().require(kind, called)


ID = Column("id", "a name of its own for every row")
MEMBER = Label("member", "1 or 0, or true or false", numbers=True)
GROUP = Column("group", "a name that related rows share")
LABELS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
ATTACK = re.compile(r"[a-z][a-z0-9_-]{0,40}")  # a name in a config, as files are named after it
FOLDS = (folds.CALIBRATION, folds.EVALUATION)
MOST = 5  # rows that a message names


def attacks_in(path: str) -> tuple[str, ...]:
    """Return the names of the columns of scores; none where the file is no such table.

    `columns` says what is wrong with it.
    """
    try:
        return tuple(column.name for column in columns(GivenTable(Path(path))) if _is_score(column))
    except ValueError:
        return ()


def columns(table: GivenTable) -> list[Column]:
    """Return the columns to read: `id`, `member`, `group` if it is there, one for each attack.

    Raises:
        ValueError: One of the first two is missing, there is no attack, or a name is no attack's.
    """
    names = table.columns
    known = [column for column in (ID, MEMBER, GROUP) if column != GROUP or GROUP.name in names]
    attacks = [name for name in names if name not in (ID.name, MEMBER.name, GROUP.name)]
    if {ID.name, MEMBER.name} - {*names} or not attacks:
        raise ValueError(
            f"{table.called}: columns {listed(names)}; expected id, member and one for each "
            "attack, and group if there is one"
        )
    for name in attacks:
        if not ATTACK.fullmatch(name):
            raise ValueError(
                f"{table.called}: column {excerpt(name)}; expected an attack's name, of at most 41 "
                "small letters, digits, _ and -, with a letter first"
            )
    found = [*known, *(Column(name, "a score, a number", numbers=True) for name in attacks)]
    table.require(found)
    return found


def read(path: str | Path) -> pd.DataFrame:
    """Return the rows of a table: `id`, `member` (bool), `group`, and float64 for each attack.

    A row without a group is a group of its own.

    Raises:
        ValueError: The file is no such table; an id is missing or there twice; a label is none; a
            score is missing, infinite or no number; or a class is missing. The message names the
            file and up to five rows, counted from 1.
    """
    table = GivenTable(Path(path))
    wanted = columns(table)
    rows = table.frame(wanted)
    ids = rows["id"].fillna("")
    _refuse(table, rows.index[ids.str.strip() == ""], "id", "is empty", ID)
    twice = ids.duplicated(keep=False)
    if twice.any():
        first = ids[twice].iloc[0]
        same = rows.index[ids == first]
        raise ValueError(
            f"{table.called}: {_rows(same)}: id {excerpt(first)} is there {len(same)} times; "
            "expected each id once"
        )
    labels = rows["member"].map(lambda cell: LABELS.get(str(cell).strip().lower()))
    wrong = labels.isna()
    _refuse(table, rows.index[wrong], "member", _held(rows["member"], wrong), MEMBER)
    member = labels.astype(bool)
    for flag, name in ((True, "member"), (False, "nonmember")):
        if not (member == flag).any():
            raise ValueError(
                f"{table.called}: column 'member': no {name} in {len(rows)} rows; expected both "
                "classes"
            )
    found: dict[str, Any] = {"id": ids, "member": member, "group": _groups(rows, ids)}
    for column in filter(_is_score, wanted):
        score = pd.to_numeric(rows[column.name], errors="coerce").astype("float64")
        wrong = ~np.isfinite(score)
        held = _held(rows[column.name], wrong)
        _refuse(table, rows.index[wrong], column.name, held, column)
        found[column.name] = score
    return pd.DataFrame(found)


def membership(rows: pd.DataFrame, design: str, seed: int, source: str) -> pd.DataFrame:
    """Return the membership of the rows of a table: who is a member, folds and blocks by group.

    Args:
        rows: What `read` returned.
        seed: The experiment's seed.
        source: Name of the table, for messages.

    Returns:
        The columns of `targets.membership`, sorted by key. `image_id` is the table's id; `set` is
        empty, as there is none. Every row is kept.

    Raises:
        ValueError: A fold has too few groups of a class for any score to be beyond chance.
    """
    fold = rows["group"].map(folds.halves(rows["group"], rows["member"], seed))
    for name in FOLDS:
        held = rows[fold == name].groupby("member")["group"].nunique()
        members, nonmembers = (int(held.get(flag, 0)) for flag in (True, False))
        if not can_show_anything(members, nonmembers):
            raise ValueError(
                f"{source}: too few rows: {members} unrelated members and {nonmembers} unrelated "
                f"nonmembers in the fold {name}, where not even a perfect attack could be told "
                f"from chance; expected four of each in every fold ({', '.join(FOLDS)})"
            )
    keys = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in rows["id"]]
    table = pd.DataFrame(
        {
            "set": "",
            "key": keys,
            "image_id": rows["id"],
            "member": rows["member"],
            "group": rows["group"],
            "fold": fold,
            "kept": True,
            "reason": "",
        }
    )
    table["block"] = blocks_of(table, design, seed)
    return table.sort_values("key", ignore_index=True)


def _is_score(column: Column) -> bool:
    return column.name not in (ID.name, MEMBER.name, GROUP.name)


def _groups(rows: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Names that no row's own group shares with a given one."""
    if GROUP.name not in rows:
        return "row:" + ids
    given = rows[GROUP.name].fillna("")
    return ("group:" + given).where(given.str.strip() != "", "row:" + ids)


def _held(cells: pd.Series, wrong: pd.Series | np.ndarray) -> str:
    first = cells[wrong].iloc[0] if wrong.any() else None
    empty = first is None or first == "" or (isinstance(first, float) and np.isnan(first))
    return "is empty" if empty else f"holds {excerpt(first)}"


def _refuse(table: GivenTable, rows: Iterable[int], name: str, held: str, column: Column) -> None:
    if rows := list(rows):
        raise ValueError(
            f"{table.called}: {_rows(rows)}: column {cut(name)!r} {held}; "
            f"expected {column.expected}"
        )


def _rows(rows: Iterable[int]) -> str:
    rows = list(rows)
    more = f" and {len(rows) - MOST} more" if len(rows) > MOST else ""
    word = "row" if len(rows) == 1 else "rows"
    return f"{word} {', '.join(map(str, rows[:MOST]))}{more}"
