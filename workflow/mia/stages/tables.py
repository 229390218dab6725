"""Put all attacks on all targets into tables: blind baselines, cost and verdict beside each."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Hashable
from pathlib import Path
from types import ModuleType

import pandas as pd

from mia import tables
from mia.attack_rows import build_attack
from mia.evaluation import readable, summary
from mia.evaluation.comparison import compare_rows
from mia.evaluation.costs import costs
from mia.evaluation.scored import fold_of, scored
from mia.query import Query

MEMBERSHIP = ["image_id", "member", "group", "fold", "kept"]


def signal(query: Query) -> ModuleType:
    """Return the module of the query's signal."""
    return importlib.import_module(f"mia.signals.{query.signal}")


def predictions(query: Query) -> frozenset[Hashable]:
    """Return identifiers of the U-Net evaluations that answer a query."""
    return signal(query).predictions(query)


def backwards(query: Query) -> int:
    """Return the backward passes of a query; a signal without gradients need not say."""
    count = getattr(signal(query), "backwards", None)
    return count(query) if count else 0


def evaluation_rows(score: str, membership: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluation rows of a score file."""
    return fold_of(scored(tables.read(score), membership, score), "evaluation", score)


def of_target(
    metrics: list[dict],
    scores: dict[str, str],
    membership: pd.DataFrame,
    audit: dict,
    attacks: dict[str, dict],
    confidence: float,
) -> tuple[list[dict], list[dict]]:
    """Return long and wide rows of one target.

    Args:
        metrics: Of its attacks, in the order of the table.
        scores: Attack to score file.
        membership: Its membership table.
        audit: Its audit.
        attacks: Attack to config row.
        confidence: Of the comparisons.
    """
    names = [found["attack"] for found in metrics]
    blind = [found["attack"] for found in metrics if found["blind"]]
    comparisons = []
    if blind and audit["verdict"] != "NOT FAIR":
        rows = {name: evaluation_rows(scores[name], membership) for name in names}
        comparisons = compare_rows(rows, blind, confidence)
    cost = costs(
        {name: build_attack(name, attacks[name]) for name in names}, predictions, backwards
    )
    return (
        summary.metric_rows(metrics, comparisons),
        summary.summary_rows(metrics, audit["verdict"], comparisons, cost),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("metrics", "scores", "memberships", "audits"):
        parser.add_argument(f"--{name}", required=True, nargs="*")
    parser.add_argument("--attacks", required=True, type=json.loads, help="JSON, name to row")
    parser.add_argument("--settings", required=True, type=json.loads, help="JSON")
    for name in ("long", "summary", "html", "markdown"):
        parser.add_argument(f"--{name}", required=True, help="output")
    args = parser.parse_args()
    try:
        write(args)
    except ValueError as error:
        raise SystemExit(f"error: {error}") from error


def write(args: argparse.Namespace) -> None:
    """Read every target's files and write the four tables."""
    found = [_json(path) for path in args.metrics]
    scores = {(Path(path).parent.name, Path(path).stem): path for path in args.scores}
    memberships = {Path(path).parent.name: path for path in args.memberships}
    audits = {audit["target"]: audit for audit in map(_json, args.audits)}
    confidence = args.settings["confidence"]
    long, wide = [], []
    for target in dict.fromkeys(metrics["target"] for metrics in found):
        of_long, of_wide = of_target(
            [metrics for metrics in found if metrics["target"] == target],
            {attack: path for (name, attack), path in scores.items() if name == target},
            tables.read(memberships[target], MEMBERSHIP),
            audits[target],
            args.attacks,
            confidence,
        )
        long += of_long
        wide += of_wide
    sentences = {target: audit["sentence"] for target, audit in audits.items()}
    tables.write_text(summary.csv(long, summary.LONG), args.long)
    tables.write_text(summary.csv(wide, summary.WIDE), args.summary)
    tables.write_text(readable.html(wide, sentences, confidence), args.html)
    tables.write_text(readable.markdown(wide, confidence), args.markdown)


def _json(path: str) -> dict:
    return json.loads(Path(path).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
