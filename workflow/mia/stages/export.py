"""Rule `export`: all scores and all losses as rows, for pandas, polars, duckdb and others.

It is made on request (`report: {export: true}`), and nothing here reads it. Of scores one file is
in memory at a time, of losses one question, and what waits for a row group to be full.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mia import command, storage
from mia import result_paths as paths
from mia.evaluation.exported import LOSSES, SCORES, loss_rows, row_groups, score_rows
from mia.evaluation.score_files import MEMBERSHIP
from mia.evaluation.scored import scored
from mia.path_names import by_name, names
from mia.query import load

# The names of 40,000 images take 3 MB. Beyond the limit each row would have its name written out.
WRITTEN: dict[str, Any] = {"dictionary_pagesize_limit": 1 << 27}
BOTH = ("caption", "null")  # what a query of condition `both` answers
Question = tuple[int, int, str]  # timestep, draw, condition


def main() -> None:
    parser = command.stage(__doc__)
    for given in ("scores", "memberships", "audits"):
        parser.add_argument(f"--{given}", required=True, nargs="+")
    # The names of all query files are too long for a command.
    parser.add_argument("--results", required=True, type=Path, help="folder that holds `queries`")
    parser.add_argument("--score-table", required=True, type=Path, help="output")
    parser.add_argument("--loss-table", required=True, type=Path, help="output")
    command.run(parser, export)


def export(args: argparse.Namespace) -> None:
    about = verdicts(args.audits)
    memberships = by_name(paths.MEMBERSHIP, "target", args.memberships)
    written = (
        (args.score_table, SCORES, scores(args.scores, memberships, about)),
        (args.loss_table, LOSSES, losses(args.settings, args.results, memberships, about)),
    )
    for path, schema, rows in written:
        with storage.writing(path, schema, **WRITTEN) as add:
            for piece in row_groups(rows):
                add(piece)


def verdicts(audits: Collection[str]) -> dict[str, dict[str, str]]:
    """Return target to its name and verdict."""
    found = by_name(paths.AUDIT, "target", audits)
    return {
        target: {"target": target, "verdict": storage.read_json(path)["verdict"]}
        for target, path in found.items()
    }


def scores(
    files: Collection[str], memberships: Mapping[str, str], about: Mapping[str, dict[str, str]]
) -> Iterator[pa.Table]:
    """Yield the rows of every attack on every target, by their names."""
    told = [(*names(paths.SCORES, path).values(), path) for path in files]
    read = cache(partial(storage.read, columns=MEMBERSHIP))
    for target, attack, path in sorted(told):
        table = scored(storage.read(path), read(memberships[target]), path)
        access = storage.metadata(path)["access"]
        yield score_rows({**about[target], "attack": attack, "access": access}, table, path)


def losses(
    settings: dict,
    folder: Path,
    memberships: Mapping[str, str],
    about: Mapping[str, dict[str, str]],
) -> Iterator[pa.Table]:
    """Yield the rows of every question, by target, model, timestep, draw and condition."""
    for target, models in sorted(settings["models"].items()):
        rows = storage.read(memberships[target], ["set", "key", *MEMBERSHIP])
        images = rows[rows["kept"].astype(bool)].set_index("image_id").sort_index()
        for model, role in sorted(models.items()):
            asked = {name: settings["queries"][model][name] for name in images["set"].unique()}
            for question, files in sorted(loss_files(folder, model, asked).items()):
                timestep, draw, condition = question
                of = {"timestep": timestep, "draw": draw, "condition": condition}
                some = images[images["set"].isin(files)]
                found = read_losses(files, condition, some)
                yield loss_rows({**about[target], "model": model, "role": role, **of}, some, found)


def loss_files(
    folder: Path, model: str, asked: Mapping[str, str]
) -> dict[Question, dict[str, Path]]:
    """Return, by question, the file with its answers of each image set that was asked it.

    Args:
        folder: Of the results.
        model: That was asked.
        asked: Image set to its queries, as `mia.query.dump` writes them.
    """
    found: dict[Question, dict[str, Path]] = {}
    for image_set, text in asked.items():
        for query in load(text):
            name = {"signal": query.signal, "query": query.name}
            path = folder / paths.QUERIES.format(model=model, set=image_set, **name)
            for condition in BOTH if query.condition == "both" else (query.condition,):
                question = query.timestep, query.draw, condition
                found.setdefault(question, {}).setdefault(image_set, path)
    return found


def read_losses(files: Mapping[str, Path], condition: str, images: pd.DataFrame) -> np.ndarray:
    """Return the loss of each of `images`, from the file of its image set.

    Raises:
        ValueError: A file lacks an image.
    """
    column = "loss_null" if condition == "null" else "loss_caption"
    found = pd.Series(np.nan, images.index)
    for image_set, path in files.items():
        own = images.loc[images["set"] == image_set, "key"]
        loss = storage.read(path, ["key", column]).set_index("key")[column].reindex(own)
        if len(lacking := own.index[loss.isna()]):
            raise ValueError(
                f"{path}: {len(lacking)} images of the target have no {column}, such as "
                f"{lacking[0]}; expected one of each"
            )
        found[own.index] = loss.to_numpy()
    return found.to_numpy()


if __name__ == "__main__":
    main()
