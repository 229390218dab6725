"""Compare two runs of the same targets, attack by attack, on the same images: `make lean`.

Says what the cheaper run costs and gives up: paired differences of AUC, full
minus other, with their intervals (DeLong), and the evals of both. An attack that both runs ask
alike must score alike: otherwise it is flagged.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import pandas as pd

from mia import result_paths, storage
from mia.config.experiment import Experiment
from mia.config.read import read_file_or_exit
from mia.cost.signals import evals_alone, evals_together
from mia.evaluation.flags import not_reproducible
from mia.evaluation.scored import columns, reported, scored
from mia.models.family import TOLD
from mia.scoring.remeasured import largest_difference
from mia.stats.metrics import auc
from mia.stats.paired import paired_auc_difference

COLUMNS = [
    *("target", "attack", "full", "other", "difference", "low", "high", "evals_full", "evals"),
    "flags",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", required=True, help="config of the complete run")
    parser.add_argument("--other", required=True, help="config of the cheaper run")
    parser.add_argument("--papers", required=True, help="config whose attacks, alone, cost 1")
    parser.add_argument("--output", required=True, help="CSV to write")
    args = parser.parse_args()
    full, other, papers = map(read_file_or_exit, (args.full, args.other, args.papers))
    rows = []
    for target in full.config["targets"]:
        common = set(full.attacks_of(target)) & set(other.attacks_of(target))
        for attack in [name for name in full.attacks_of(target) if name in common]:
            if full.attack_on(target, attack).queries:
                rows.append([target, attack, *compared(full, other, target, attack)])
    table = pd.DataFrame(rows, columns=COLUMNS)
    storage.write_text(table.to_csv(index=False, float_format="%.6g"), args.output)
    print(table.round(3).to_markdown(index=False))
    print_summary(table, full, other, papers)


def compared(full: Experiment, other: Experiment, target: str, attack: str) -> list:
    """Return AUCs, their paired difference with its interval, evals of each alone, and flags."""
    pairs = [rows_of(experiment, target, attack) for experiment in (full, other)]
    if not pairs[0].index.equals(pairs[1].index):
        raise SystemExit(f"error: target {target}: the two runs do not score the same images")
    one, two = (rows["score"].to_numpy() for rows in pairs)
    member, group, block = columns(pairs[0], "member", "group", "block")
    difference = paired_auc_difference(one, two, member, group, block)
    evals = [evals_alone([experiment.attack_on(target, attack)]) for experiment in (full, other)]
    interval = difference.interval(full.config["evaluation"]["confidence"])
    asked = [(run.config["seed"], run.entry_on(target, attack)) for run in (full, other)]
    again = asked[0] == asked[1]
    apart = not_reproducible(largest_difference(one, two, one.std()))
    flags = "not_reproducible" if again and apart else ""
    areas = auc(one, member, block), auc(two, member, block)
    return [*areas, difference.value, *interval, *evals, flags]


def rows_of(experiment: Experiment, target: str, attack: str) -> pd.DataFrame:
    """Return one attack's reported rows."""
    results = Path(experiment.config["results"])
    path = results / result_paths.SCORES.format(target=target, attack=attack)
    if not path.is_file():
        raise SystemExit(f"error: {path}: missing; run this config first")
    membership = storage.read(results / result_paths.MEMBERSHIP.format(target=target))
    return reported(scored(storage.read(path), membership, str(path)), str(path))


def print_summary(
    table: pd.DataFrame, full: Experiment, other: Experiment, papers: Experiment
) -> None:
    lines = [_evals(told, full, other, papers) for told in full.all_told]
    outside = table[(table["low"] < -0.05) | (table["high"] > 0.05)]
    missing = sorted(full.attacks.keys() - other.attacks.keys())
    print("", *lines, sep="\n")
    print(
        f"Median difference of AUC {median(table['difference']):+.3f}; "
        f"{len(table) - len(outside)} of {len(table)} intervals lie within ±0.05.\n"
        f"Left out: {', '.join(missing) or 'nothing'}."
    )


def _evals(told: str, full: Experiment, other: Experiment, papers: Experiment) -> str:
    """Return what both runs cost, on models that are `told` a text, a class or nothing."""
    alone = evals_alone(papers.attacks_under(told).values())
    costs = [evals_together(run.attacks_under(told).values()) for run in (full, other)]
    of = "" if full.all_told == (told,) else f", model told {TOLD[told]}"
    return (
        f"Evals per image{of}: {costs[0]} and {costs[1]}; each attack alone as published: {alone} "
        f"(ratios {costs[0] / alone:.2f} and {costs[1] / alone:.2f})."
    )


if __name__ == "__main__":
    main()
