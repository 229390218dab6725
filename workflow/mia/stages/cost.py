"""Say what a run will cost before it starts: `make plan`.

Per model, image set and signal: queries wanted, held and missing, evals, time at the last measured
speed on this device, disk. And what sharing saves against running each attack alone.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml

from mia import tables
from mia.attack_rows import reads
from mia.config import ConfigError, complete
from mia.cost_plan import BYTES_PER_NUMBER, SignalCost, evals_alone, evals_together, pair_costs
from mia.experiment import Experiment
from mia.ledger import Ledger
from mia.measurements import Measurements, shared_inputs
from mia.missing import input_hashes
from mia.shard import COLUMNS, captions_of
from mia.throughput import last_speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--against", help="config whose attacks, each alone, are compared with")
    args = parser.parse_args()
    experiment = read_experiment(args.config)
    config = experiment.config
    results, total = Path(config["results"]), Counter()
    print(
        f"{'model':<18}{'image set':<14}{'signal':<16}{'queries':>8}{'pairs':>12}{'held':>12}"
        f"{'missing':>12}{'evals':>14}"
    )
    for model, image_set in experiment.pairs:
        images, costs = costs_of_pair(experiment, results, model, image_set)
        for cost in costs:
            print(line(model, image_set, cost))
            total += Counter(evals=cost.evals, numbers=cost.numbers)
        if not (results / "images" / image_set / "manifest.parquet").is_file():
            known = f"at most {images:,} images" if images else "number of images not known"
            print(f"{model:<18}{image_set:<14}{known} before the manifest is made")
    print_totals(total, results, config["measure"]["device"])
    print_sharing(experiment.attacks, read_experiment(args.against or args.config).attacks)


def read_experiment(path: str) -> Experiment:
    try:
        return Experiment(complete(yaml.safe_load(Path(path).read_text(encoding="utf-8"))))
    except (ConfigError, OSError) as error:
        raise SystemExit(f"error: {path}: {error}") from error


def costs_of_pair(
    experiment: Experiment, results: Path, model: str, image_set: str
) -> tuple[int | None, list[SignalCost]]:
    """Images of a pair (None where nobody knows yet) and the cost of each signal.

    Before the manifest is made they are those that the config allows at most.
    """
    wanted = experiment.wanted(model, image_set)
    parts = experiment.measured_parts(image_set, (model,))
    manifest = results / "images" / image_set / "manifest.parquet"
    described = results / "models" / model / "model.json"
    if not manifest.is_file():
        most = [most_images(experiment.config["image_sets"][image_set], part) for part in parts]
        images = None if None in most else sum(most)
        return images, pair_costs(wanted, dict.fromkeys(wanted, images or 0), images or 0)
    rows = tables.read(manifest, COLUMNS)
    rows = rows[rows["kept"] & rows["part"].isin(parts)].drop_duplicates("image_id")
    rows = captions_of(rows).sort_index()
    missing = dict.fromkeys(wanted, len(rows))
    if described.is_file():
        missing = missing_of(experiment, results, described, image_set, rows)
    return len(rows), pair_costs(wanted, missing, len(rows))


def most_images(spec: dict, part: str) -> int | None:
    """The most pictures a part can have: its share of the split, else its limit of rows."""
    limit = spec.get("parts", {}).get(part, spec).get("limit", spec.get("limit"))
    return spec.get("split", {}).get(part, limit)


def missing_of(
    experiment: Experiment, results: Path, described: Path, image_set: str, rows: pd.DataFrame
) -> dict:
    """How many images lack each query, from the ledger."""
    model = json.loads(described.read_text())
    settings = {**experiment.config["measure"], "seed": experiment.config["seed"]}
    hashes = input_hashes(rows, shared_inputs(model, settings))
    wanted = experiment.wanted(model["name"], image_set)
    ledger = Ledger(results / "ledger" / "measure" / model["name"] / image_set)
    return {
        query: len(images)
        for signal in sorted({query.signal for query in wanted})
        for query, images in Measurements(signal, model, ledger, hashes, wanted).missing.items()
    }


def line(model: str, image_set: str, cost: SignalCost) -> str:
    missing = cost.wanted - cost.held
    return (
        f"{model:<18}{image_set:<14}{cost.signal:<16}{cost.queries:>8}{cost.wanted:>12,}"
        f"{cost.held:>12,}{missing:>12,}{cost.evals:>14,}"
    )


def print_totals(total: Counter, results: Path, device: str) -> None:
    speed = last_speed(results, device)
    time = (
        f"about {total['evals'] / speed / 60:.1f} min at {speed:.0f} evals/s"
        if speed
        else ("time not known: nothing was measured here yet")
    )
    disk = total["numbers"] * BYTES_PER_NUMBER / 1e6
    print(
        f"\nTo do: {total['evals']:,} U-Net evaluations, 0 backward passes; {time}; "
        f"about {disk:,.1f} MB of disk"
    )


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
