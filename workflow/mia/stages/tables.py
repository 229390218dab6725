"""Put all attacks on all targets into tables: blind baselines, cost and verdict beside each."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mia import checksums, command, storage
from mia.access import reads_model
from mia.attacks.shared.cost import costs
from mia.attacks.shared.external import External
from mia.claimed import as_claimed, notes_as_claimed
from mia.config.conditions import attacks_under
from mia.evaluation import (
    answer_rows,
    before_after,
    detections,
    generated,
    long_table,
    pairwise,
    practice,
    readable,
    set_test,
    summary,
)
from mia.evaluation.answers import USED
from mia.evaluation.blind_twin import twin_cells
from mia.evaluation.collection_share import NOT_SAID, share_cells
from mia.evaluation.comparison import above_blind, above_chance, compare_rows
from mia.evaluation.epsilon import bounds_together
from mia.evaluation.gain import gains
from mia.evaluation.metrics_file import Metrics
from mia.evaluation.score_files import ScoreFiles
from mia.models.family import TEXT
from mia.path_names import by_name, names
from mia.result_paths import MEMBERSHIP, SCORES
from mia.signals.shared.evals import backwards, generations, predictions

COLUMNS = {
    "long": long_table.LONG,
    "summary": summary.WIDE,
    "pairwise": pairwise.COLUMNS,
    "set_test": set_test.COLUMNS,
    "answers": answer_rows.COLUMNS,
    "detections": detections.COLUMNS,
}
ACROSS = {  # with the tables of several targets, and of a third side
    **COLUMNS,
    "compare": before_after.COLUMNS,
    "generated": generated.COLUMNS,
}


def of_target(
    target: str,
    metrics: list[Metrics],
    files: ScoreFiles,
    audit: dict,
    attacks: Mapping[str, Any],
    settings: dict,
) -> dict[str, list[dict]]:
    """Return the rows of one target, by table, keys as in `COLUMNS`.

    Entries under other captions are controls of what an attack reads. They have their own numbers
    and a place in `pairwise`; they are tried neither against chance nor against baselines.

    Args:
        target: Its name.
        metrics: Metrics of its attacks, in the order of the table.
        files: All score files.
        audit: Its audit.
        attacks: Name of the row to its attack.
        settings: confidence of the comparisons, δ of the privacy bounds, seed, `claims`, and how
            many `references` targets have.
    """
    blind = [found["attack"] for found in metrics if found["blind"]]
    learnt = [found["attack"] for found in metrics if found["blind"] and found["trained"]]
    names = list(access := {found["attack"]: found["access"] for found in metrics})
    rows = files.rows(target, names)
    controls = {found["attack"] for found in metrics if "other_captions" in found["flags"]}
    tried = {name: rows[name] for name in names if name not in controls}
    comparisons = compare_rows(tried, blind, settings["confidence"])
    above = above_blind(comparisons, settings["confidence"])
    asking = {name: rows[name] for name in names if reads_model(access[name])}
    reading = {name: asking[name] for name in asking if name not in controls}
    beyond = above_chance(reading, settings["confidence"])
    gained = gains(reading, settings["confidence"])
    bound = {found["attack"] for found in metrics if found["epsilon"]["value"] is not None}
    bounded = {name: reading[name] for name in reading if name in bound}
    together = bounds_together(bounded, settings["confidence"], settings["delta"], settings["seed"])
    several = settings.get("references", {}).get(target, 1)
    told = {name: attacks[name] for name in names}
    cost = costs(told, predictions, backwards, generations, several)
    twins = twin_cells(metrics, {*reading} - {*gained})
    wide = summary.summary_rows(metrics, audit, above, beyond, gained, twins, cost)
    tested = set_test.set_test_rows(target, tried, access, blind, settings["seed"], learnt)
    known = (target in settings[said] for said in ("neither", "claimed"))
    answer = answer_rows.answer_row(wide, tested, gained, audit, *known)
    return {
        "long": [
            *long_table.metric_rows(metrics, comparisons, gained, together),
            *practice.overlap_row(target, reading, wide),
        ],
        "summary": [{**row, "answer": answer["answer"]} for row in wide],
        "pairwise": pairwise.pairwise_rows(target, asking, settings["confidence"]),
        "set_test": tested,
        "answers": [answer],
        "detections": detections.detection_rows(target, reading, audit["verdict"]),
    }


def share(
    target: str, reference: str | None, files: ScoreFiles, confidence: float
) -> dict[str, Any]:
    """Return how much of a claimed collection was used (`evaluation.collection_share`).

    Args:
        target: Of the collection.
        reference: The target that knows members of the same model, if any.
        files: All score files; attacks that have learnt anything are left out.
        confidence: Of the interval.
    """
    claimed, known = (
        files.rows(name, files.untaught(name)) if name else {} for name in (target, reference)
    )
    return share_cells(claimed, known, reference, confidence)


def main() -> None:
    parser = command.stage(__doc__)
    for given in ("metrics", "scores", "memberships", "audits"):
        parser.add_argument(f"--{given}", required=True, nargs="*")
    parser.add_argument("--generated-scores", nargs="*", default=[])
    for made in (*ACROSS, "html", "markdown", "checksums"):
        parser.add_argument(f"--{made.replace('_', '-')}", type=Path, required=True, help="output")
    command.run(parser, write)


def write(args: argparse.Namespace) -> None:
    """Read every target's files and write the tables."""
    found = [storage.read_json(path) for path in args.metrics]
    of_files = {path: names(SCORES, path) for path in args.scores}
    scores = {(told["target"], told["attack"]): path for path, told in of_files.items()}
    files = ScoreFiles(scores, by_name(MEMBERSHIP, "target", args.memberships))
    audits = {audit["target"]: audit for audit in map(storage.read_json, args.audits)}
    confidence, claimed = args.settings["confidence"], args.settings["claimed"]
    entries, told = args.settings["attacks"], args.settings.get("conditions", {})
    attacks = {of: attacks_under(entries, of) for of in {TEXT, *told.values()}}
    alone = args.settings.get("scores_only", ())

    def attacks_on(target: str) -> Mapping[str, Any]:
        if target not in alone:
            return attacks[told.get(target, TEXT)]
        return {attack: External("") for name, attack in scores if name == target}

    rows: dict[str, list[dict]] = {name: [] for name in COLUMNS}
    for target in dict.fromkeys(metrics["target"] for metrics in found):
        of_tables = of_target(
            target,
            [metrics for metrics in found if metrics["target"] == target],
            files,
            audits[target],
            attacks_on(target),
            args.settings,
        )
        for name in COLUMNS:
            rows[name] += (
                notes_as_claimed(of_tables[name]) if target in claimed else of_tables[name]
            )
    for row in rows["answers"]:
        if row["target"] in claimed and row["answer"] != USED:
            row["share_note"] = NOT_SAID
        elif row["target"] in claimed:
            row |= share(row["target"], claimed[row["target"]], files, confidence)
    rows["generated"] = generated.rows_of(files, args.generated_scores, found, args.settings)
    rows["compare"] = before_after.changes(files, args.settings)
    sentences = {
        target: as_claimed(audit["sentence"]) if target in claimed else audit["sentence"]
        for target, audit in audits.items()
    }
    for name, columns in ACROSS.items():
        storage.write_text(summary.csv(rows[name], columns), getattr(args, name))
    storage.write_text(readable.html(rows["summary"], sentences, confidence), args.html)
    storage.write_text(readable.markdown(rows["summary"], confidence), args.markdown)
    written = [*(getattr(args, name) for name in ACROSS), args.html, args.markdown]
    checksums.write(written, args.checksums)


if __name__ == "__main__":
    main()
