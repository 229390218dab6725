"""Say what a run will cost before it starts: `make cost`.

Per model, image set and signal: queries wanted, held and missing; evals, backward passes,
generations and embedded images for one image and for all that is missing; and the same of images
that a target's model makes. Per model and image set: TFLOP of one eval, and hours. What training is
still to be done, shadow models among it. What is still to be written to disk. What sharing saves
against running each attack alone. Per target what its images can decide about its two sets, and
what a claimed collection can show.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from mia import result_paths, storage
from mia.commands.costing.disk_lines import print_disk
from mia.commands.costing.missing import asked_of, missing_of, parts_told
from mia.config import results_folder
from mia.config.check_files import file_mistakes
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment
from mia.config.read import read_file_or_exit
from mia.cost.arithmetic import Arithmetic
from mia.cost.cards import CARDS
from mia.cost.claimed_collections import claimed_collections
from mia.cost.decidable import decidable
from mia.cost.generated import making_costs
from mia.cost.hours import Hours, time_lines
from mia.cost.kinds import free_targets
from mia.cost.pictures import most_of
from mia.cost.sharing import sharing
from mia.cost.signals import COLUMNS as PLANNED
from mia.cost.signals import SignalCost, pair_costs
from mia.cost.trainings import training_lines
from mia.measuring.shard import kept_rows
from mia.models.description import ModelJson
from mia.models.family import TOLD
from mia.query import Query
from mia.signals.shared.evals import list_numbers
from mia.told_captions import by_control, exchange_of

NUMBERS = "{:>8}{:>12}{:>12}{:>12}{:>13}{:>14}{:>17}{:>11}{:>19}{:>13}{:>18}{:>12}"
LINE = f"{{:<17}} {{:<21}} {{:<18}}{NUMBERS}".format


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--against", help="config whose attacks, each alone, are compared with")
    parser.add_argument("--card", choices=sorted(CARDS), help="GPU whose hours are told")
    args = parser.parse_args()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # what it lacks is not needed here
    experiment = read_file_or_exit(args.config)
    config = experiment.config
    results = Path(config["results"])
    hours = Hours(experiment, results, args.card)
    total: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    todo: dict[tuple[str, str], list[SignalCost]] = {}
    most = ""
    unknown: dict[str, None] = {}  # image sets whose number of images nobody knows
    if experiment.pairs:
        print(LINE("model", "image set", "signal", *PLANNED))
    for model, image_set in experiment.pairs:
        images, costs = costs_of_pair(experiment, results, model, image_set, hours.arithmetic)
        costs = [*making_costs(experiment, results, model, image_set), *costs]
        todo[model, image_set] = costs
        for cost in costs:
            print(LINE(model, image_set, cost.signal, *map(thousands, cost.columns)))
            rows = cost.missing if cost.numbers else 0  # an image that is made is no row
            total += Counter(evals=cost.evals, backwards=cost.backwards, rows=rows)
            total += Counter(numbers=cost.numbers, listed=cost.listed)
            kept[model] += cost.kept
            total += Counter(generations=cost.generations, embeddings=cost.embeddings)
        all_signals = map(
            sum, zip([0] * len(PLANNED), *(cost.columns for cost in costs), strict=True)
        )
        print(LINE(model, image_set, "all", *map(thousands, all_signals)))
        if images is None:
            unknown[image_set] = None
        if not (results / result_paths.MANIFEST.format(set=image_set)).is_file():
            print(f"{model:<17} {image_set:<21} {before_the_manifest(images)}")
            most = "at most "
    print(*free_targets(experiment), *to_do(total, most, list(unknown)), sep="\n")
    print(*time_lines(hours, todo), sep="\n")
    print(*training_lines(experiment, results, hours), sep="\n")
    print_disk(experiment, results, total, +kept, hours.arithmetic, bool(unknown))
    others = read_file_or_exit(args.against) if args.against else experiment
    for told in experiment.all_told:
        if len(experiment.all_told) > 1:
            print(f"\nOn models that are told {TOLD[told]}:")
        asked = experiment.attacks_under(told), others.attacks_under(told)
        print("\n".join(sharing(*asked, args.against)))
    claims = claimed_collections(experiment, results)
    print(*decidable(experiment, results), *claims, sep="\n")
    if mistakes := refusals(experiment, Path(args.config).name):
        print("\nA run would be refused as it is:", *mistakes, sep="\n  ")


def refusals(experiment: Experiment, config: str) -> list[str]:
    """Return a line for each reason to refuse a run of the config with this name."""
    lines = list(dict.fromkeys(file_mistakes(experiment)))
    try:
        results_folder.check(Path(experiment.config["results"]), config)
    except ConfigError as error:
        lines.insert(0, str(error))
    return lines


def costs_of_pair(
    experiment: Experiment, results: Path, model: str, image_set: str, arithmetic: Arithmetic
) -> tuple[int | None, list[SignalCost]]:
    """Return the images of a pair (None if nobody knows yet) and the cost of each signal.

    Before the manifest is made, the images are as many as the config allows at most. The first of
    each part count twice, as they are measured twice (`measure.repeats`).
    """
    repeats = experiment.config["measure"]["repeats"]
    wanted = experiment.wanted(model, image_set)
    counted = arithmetic.of(model).flops if any(list_numbers(q, 1) for q in wanted) else None
    tensors = counted.tensors if counted else 0
    parts = experiment.measured_parts(image_set, (model,))
    manifest = results / result_paths.MANIFEST.format(set=image_set)
    described = results / result_paths.MODEL.format(model=model)
    if not manifest.is_file():
        spec = experiment.config["image_sets"][image_set]

        def most(of: tuple[str, ...]) -> int:
            images = most_of(spec, of)
            return min(images + repeats * len(of), 2 * images) if images else 0

        exchanged = {query: control for query in wanted if (control := exchange_of(query))}
        told = {query: parts_told(experiment, exchanged[query], image_set) for query in exchanged}
        lacking = {query: most(told.get(query, parts)) for query in wanted}
        return most_of(spec, parts), pair_costs(wanted, lacking, lacking, tensors)
    rows = kept_rows(manifest, parts).drop_duplicates("image_id")
    again = rows[rows["place"] < repeats]
    there: Counter[Query] = Counter()
    for control, queries in by_control(wanted).items():
        asked = [
            asked_of(experiment, results, image_set, some, control)[0] for some in (rows, again)
        ]
        there.update(dict.fromkeys(queries, sum(map(len, asked))))
    missing = Counter(there)
    if described.is_file():
        about: ModelJson = storage.read_json(described)
        missing = missing_of(experiment, results, about, image_set, rows)
        missing += missing_of(experiment, results, about, image_set, again, True)
    return len(rows), pair_costs(wanted, missing, there, tensors)


def thousands(count: int) -> str:
    return f"{count:,}"


def before_the_manifest(images: int | None) -> str:
    if images is None:
        return "number of images not known before they are listed"
    return f"at most {images:,} images: duplicates and failures are not known before the manifest"


def to_do(total: Counter, most: str, unknown: list[str]) -> list[str]:
    """Return how many evals are left to do, and which are not counted."""
    evals = f"{total['evals']:,} U-Net evaluations, {total['backwards']:,} backward passes"
    evals += f", {total['generations']:,} generations, {total['embeddings']:,} embedded images"
    sets = f"nobody knows yet how many images {', '.join(unknown)} will have"
    if not unknown:
        return [f"\nTo do: {most}{evals}"]
    if not total["evals"]:
        return [f"\nTo do: not known, as {sets}"]
    return [f"\nTo do: {most}{evals}", f"Not counted in it: {sets}"]


if __name__ == "__main__":
    main()
