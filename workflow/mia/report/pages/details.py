"""What stands folded in below each target's table: everything else the tables hold about it."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mia import checksums
from mia.report.pages import answers, detections, generated, pairwise, set_test
from mia.report.pages.caption_controls import caption_controls
from mia.report.pages.collection_facts import CLAIMED, KNOWN, NEITHER, Facts
from mia.report.pages.collection_section import section
from mia.report.pages.findings import attacks_on_model
from mia.report.pages.other_metrics import measures
from mia.report.pages.practice import practice
from mia.report.pages.privacy import privacy


def read_cells(path: Path) -> pd.DataFrame:
    """Return a CSV, every cell as text.

    Raises:
        DamagedFile: It is not as it was written.
    """
    return pd.read_csv(io.StringIO(checksums.read(path)), dtype=str, keep_default_na=False)


def read(path: Path, words: Collection[str], numbers: Collection[str]) -> pd.DataFrame:
    """Return columns of a CSV: text, and numbers as floats, NaN where a cell is empty.

    Raises:
        ValueError: A column is missing; the message names file and column.
        DamagedFile: It is not as it was written.
    """
    table = read_cells(path)
    for column in (*words, *numbers):
        if column not in table:
            raise ValueError(f"{path}: no column {column!r}; found: {', '.join(table.columns)}")
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})


def read_all(
    of_pairs: Path, of_sets: Path, of_answers: Path, of_images: Path, of_generated: Path
) -> dict[str, pd.DataFrame]:
    """Return the tables, as `of_target` takes them."""
    return {
        "detections": read(of_images, detections.WORDS, detections.NUMBERS),
        "generated": read(of_generated, generated.WORDS, generated.COLUMNS),
        "answers": read(of_answers, answers.WORDS, answers.NUMBERS),
        "pairwise": read(of_pairs, pairwise.WORDS, pairwise.COLUMNS),
        "set_test": read(of_sets, set_test.WORDS, set_test.COLUMNS),
    }


def of_target(
    target: Mapping[str, Any],
    long: pd.DataFrame,
    found: Mapping[str, pd.DataFrame],
    settings: Mapping[str, Any],
    families: Sequence[Mapping[str, str]] = (),
    keys: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the page says of a target beside its table, one entry for each part.

    Args:
        target: Its `target_context`.
        long: tables/metrics.csv, read as text.
        found: What `read_all` returned.
        settings: `evaluation` of the config.
        families: What `mia.config.caption_controls` returned.
        keys: What `gallery.keys` returned.
    """
    name, blind = target["name"], {row["attack"] for row in target["rows"] if row["blind"]}
    pairs, level = found["pairwise"], 1 - settings["confidence"]
    return {
        "answer": answers.answer_context(found["answers"], name),
        "plain": section(_facts(target, found, settings["confidence"], keys)),
        "collection": set_test.collection(found["set_test"], name, target["verdict"]),
        "detections": detections.detections(
            found["detections"],
            name,
            target["verdict"],
            [row["attack"] for row in attacks_on_model(target["rows"])],
            target["audit"]["n_member"],
        ),
        "generated": generated.generated(found["generated"], name),
        "practice": practice(long, name, target["rows"], target["control"]),
        "privacy": privacy(long, name, blind, settings["delta"]),
        "measures": measures(long, name, blind),
        "comparisons": pairwise.comparisons(pairs, name, level),
        "captions": caption_controls(families, target["rows"], pairs, name, level),
    }


def _facts(
    target: Mapping[str, Any],
    found: Mapping[str, pd.DataFrame],
    confidence: float,
    keys: Mapping[str, str] | None,
) -> Facts:
    row = answers.answer_row(found["answers"], name := target["name"])
    claimed = row["members_are"] == "claimed"
    tests = len(attacks_on_model(target["rows"]))
    asked = target["audit"]["n_member"]
    return Facts(
        row=row,
        verdict=target["verdict"],
        beforehand=CLAIMED if claimed else NEITHER if target["control"] else KNOWN,
        tests=tests,
        baselines=bool(target["audit"]["channels"]),
        confidence=confidence,
        standing=detections.standing(found["detections"], name, tests, asked, keys),
    )
