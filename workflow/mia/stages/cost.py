"""Say what a run will cost before it starts: `make plan`.

Per model, image set and signal: queries wanted, held and missing, evals and backward passes for one
image and for all that is missing; time at the last measured speed on this device; what is still to
be written to disk. And what sharing saves against running each attack alone.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import pandas as pd

from mia import config_file
from mia.attack_rows import reads
from mia.config import ConfigError, complete
from mia.cost_plan import COLUMNS as PLANNED
from mia.cost_plan import SignalCost, evals_alone, evals_together, pair_costs
from mia.disk_plan import BYTES_PER_NUMBER, BYTES_PER_ROW, Disk, disk
from mia.experiment import Experiment
from mia.ledger import Ledger
from mia.measurements import Measurements, shared_inputs
from mia.missing import input_hashes
from mia.picture_plan import most_of
from mia.shard import captions_of, kept_rows
from mia.throughput import last_speed

LINE = "{:<18}{:<14}{:<16}{:>8}{:>12}{:>12}{:>12}{:>13}{:>14}{:>17}{:>11}".format


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--against", help="config whose attacks, each alone, are compared with")
    args = parser.parse_args()
    experiment = read_experiment(args.config)
    config = experiment.config
    results, total = Path(config["results"]), Counter()
    print(LINE("model", "image set", "signal", *PLANNED))
    for model, image_set in experiment.pairs:
        images, costs = costs_of_pair(experiment, results, model, image_set)
        for cost in costs:
            print(LINE(model, image_set, cost.signal, *map(thousands, cost.columns)))
            total += Counter(
                evals=cost.evals, backwards=cost.backwards, rows=cost.missing, numbers=cost.numbers
            )
        all_signals = map(sum, zip(*(cost.columns for cost in costs), strict=True))
        print(LINE(model, image_set, "all", *map(thousands, all_signals)))
        total["unknown"] += images is None
        if not (results / "images" / image_set / "manifest.parquet").is_file():
            known = f"at most {images:,} images" if images else "number of images not known"
            print(f"{model:<18}{image_set:<14}{known} before the manifest is made")
    print_time(total, results, config["measure"]["device"])
    print_disk(experiment, results, total)
    print_sharing(experiment.attacks, read_experiment(args.against or args.config).attacks)


def read_experiment(path: str) -> Experiment:
    """Return the experiment of a config file; end the program with what is wrong with it."""
    try:
        return Experiment(complete(config_file.read(path)))
    except ConfigError as error:
        raise SystemExit("\n".join(f"error: {line}" for line in str(error).splitlines())) from error


def costs_of_pair(
    experiment: Experiment, results: Path, model: str, image_set: str
) -> tuple[int | None, list[SignalCost]]:
    """Images of a pair (None where nobody knows yet) and the cost of each signal.

    Before the manifest is made they are those that the config allows at most. The first of each
    part count twice, as they are measured (`measure.repeats`).
    """
    repeats = experiment.config["measure"]["repeats"]
    wanted = experiment.wanted(model, image_set)
    parts = experiment.measured_parts(image_set, (model,))
    manifest = results / "images" / image_set / "manifest.parquet"
    described = results / "models" / model / "model.json"
    if not manifest.is_file():
        images = most_of(experiment.config["image_sets"][image_set], parts)
        count = min(images + repeats * len(parts), 2 * images) if images else 0
        return images, pair_costs(wanted, dict.fromkeys(wanted, count), count)
    rows = kept_rows(manifest, parts).drop_duplicates("image_id")
    again = rows[rows["place"] < repeats]
    count = len(rows) + len(again)
    missing = Counter(dict.fromkeys(wanted, count))
    if described.is_file():
        about = json.loads(described.read_text())
        missing = missing_of(experiment, results, about, image_set, captions_of(rows))
        missing += missing_of(experiment, results, about, image_set, captions_of(again), True)
    return len(rows), pair_costs(wanted, missing, count)


def missing_of(
    experiment: Experiment,
    results: Path,
    model: dict,
    image_set: str,
    rows: pd.DataFrame,
    repeat: bool = False,
) -> Counter:
    """How many images lack each query, from the ledger; with `repeat` a second time."""
    settings = {**experiment.config["measure"], "seed": experiment.config["seed"]}
    hashes = input_hashes(rows, shared_inputs(model, settings, repeat))
    wanted = experiment.wanted(model["name"], image_set)
    ledger = Ledger(results / "ledger" / "measure" / model["name"] / image_set)
    return Counter(
        {
            query: len(images)
            for signal in sorted({query.signal for query in wanted})
            for query, images in Measurements(signal, model, ledger, hashes, wanted).missing.items()
        }
    )


def thousands(count: int) -> str:
    return f"{count:,}"


def print_time(total: Counter, results: Path, device: str) -> None:
    speed = last_speed(results, device)
    time = (
        f"about {total['evals'] / speed / 60:.1f} min at {speed:.0f} evals/s"
        if speed
        else ("time not known: nothing was measured here yet")
    )
    least = "at least " if total["unknown"] else ""
    print(
        f"\nTo do: {least}{total['evals']:,} U-Net evaluations, "
        f"{total['backwards']:,} backward passes; {time}"
    )


def print_disk(experiment: Experiment, results: Path, total: Counter) -> None:
    """What is still to be written, line by line and together."""
    lines = disk(experiment, results)
    numbers = total["rows"] * BYTES_PER_ROW + total["numbers"] * BYTES_PER_NUMBER
    basis = f"{total['rows']:,} rows with {total['numbers']:,} numbers; ledger, shards, queries"
    lines.append(Disk("measured numbers", numbers, 0, basis))
    least = "at least " if total["unknown"] or any(line.whole is None for line in lines) else ""
    print("\nDisk still to be written (scores, tables and the report are small beside it):")
    for line in lines:
        print(f"  {line.what:<28}{megabytes(line.missing):>14}  {line.basis}")
    known = [line.missing for line in lines if line.missing is not None]
    print(f"  {'together':<28}{least + megabytes(sum(known)):>14}\n")


def megabytes(count: float | None) -> str:
    return "not known" if count is None else f"{count / 1e6:,.1f} MB"


def print_sharing(attacks: dict, others: dict) -> None:
    """What one shared table saves against running each attack for itself.

    Rows that read what other rows ask are left out: alone, each would cost all that it reads.
    """
    attacks, others = (
        {name: attack for name, attack in rows.items() if not reads(attack, "rows")}
        for rows in (attacks, others)
    )
    together = evals_together(attacks.values())
    alone, papers = evals_alone(attacks.values()), evals_alone(others.values())
    print(
        f"Per image: {together} evals for all attacks together; each alone {alone} "
        f"(ratio {together / max(alone, 1):.2f}); "
        f"each alone at the settings compared with {papers} "
        f"(ratio {together / max(papers, 1):.2f})"
    )


if __name__ == "__main__":
    main()
