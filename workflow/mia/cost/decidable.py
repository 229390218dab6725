"""What a target's images can decide about its two sets, before anything runs."""

from __future__ import annotations

from pathlib import Path

from mia import storage
from mia.audit.equivalence import images_for_margin, not_fair_auc, reachable_margin
from mia.config.design import is_by_design
from mia.config.experiment import Experiment
from mia.config.materials import SIDES
from mia.cost.pictures import most_of
from mia.result_paths import MEMBERSHIP
from mia.targets.blocks import ALL, HALVES
from mia.targets.folds import BLOCKS, FIFTHS, FIT

REPORTED = {ALL: 1 - 1 / BLOCKS, HALVES: 1 / 2}  # share of images that baselines are judged on
NOT_TO_MATCH = 1 - FIFTHS.count(FIT) / len(FIFTHS)  # share that is left where sides are matched
LINE = "{:<26}{:>11}{:>10}{:>12}{:>14}{:>14}{:>17}".format
NOTES = """\
Members and nonmembers are those to evaluate; the others are learnt from.{most}
FAIR within: the smallest margin that is met, if every blind AUC is 0.5. Needed a side: images to
evaluate that meet the margin {margin:g} so. NOT FAIR at: the smallest blind AUC that is called so.
All with 80 % power; related images count as one."""
MOST = " At most so many: duplicates and failures are not known before the manifest."


def decidable(experiment: Experiment, results: Path) -> list[str]:
    """Return a table of the targets: the margin that their images meet, and what theirs needs."""
    margin = experiment.config["audit"]["margin"]
    columns = ("members", "nonmembers", "FAIR within", "NOT FAIR at", "needed a side")
    lines = ["\nWhat the images can decide about the two sets:"]
    lines.append(LINE("target", "baselines", *columns))
    unsure = False
    for target in experiment.config["targets"]:
        *sizes, certain = to_evaluate(experiment, results, target)
        unsure |= not certain
        cells = _cells(experiment, target, sizes)
        name = target + (" (by design)" if is_by_design(experiment, target) else "")
        lines.append(LINE(name, len(experiment.blind_attacks(target)), *cells))
    return [*lines, NOTES.format(margin=margin, most=MOST if unsure else "")]


def to_evaluate(
    experiment: Experiment, results: Path, target: str, learners: bool = True
) -> tuple[int | None, int | None, bool]:
    """Return how many members and nonmembers are evaluated, and whether that is certain.

    They are those of attacks that learn, such as blind baselines, or, if not `learners`, of others.

    Once the target's membership is written, these are its unrelated images. Before, they are the
    most that the config allows, None where nobody knows; duplicates and failures are still counted.
    """
    path = results / MEMBERSHIP.format(target=target)
    if path.is_file():
        rows = storage.read(path, ["member", "group", "block", "kept"])
        first = min(1, rows["block"].max()) if learners else 0  # the first is only learnt from
        rows = rows[rows["kept"].astype(bool) & (rows["block"] >= first)]
        groups = rows.groupby(rows["member"].astype(bool))["group"].nunique()
        return int(groups.get(True, 0)), int(groups.get(False, 0)), True
    spec = experiment.config["targets"][target]
    design = experiment.config["evaluation"]["design"]
    share = REPORTED[design] if learners or design == HALVES else 1.0
    share *= 1.0 if spec["match"] == "none" else NOT_TO_MATCH
    most = []
    for side in SIDES:
        image_set, parts = experiment.parts(spec[side])
        images = most_of(experiment.config["image_sets"][image_set], parts)
        most.append(None if images is None else int(share * images))
    return most[0], most[1], False


def _cells(experiment: Experiment, target: str, sizes: list[int | None]) -> list[str]:
    """Return what stands behind a target and the number of its baselines."""
    margin, confidence = (
        experiment.config[section][key]
        for section, key in (("audit", "margin"), ("evaluation", "confidence"))
    )
    told = ["not known" if size is None else f"{size:,}" for size in sizes]
    baselines = len(experiment.blind_attacks(target))
    if not baselines:
        return [*told, "-", "-", "-"]
    needed = f"{images_for_margin(margin, baselines, confidence):,}"
    members, nonmembers = (size or 0 for size in sizes)
    if not min(members, nonmembers):
        return [*told, "-", "-", needed]
    within = reachable_margin(members, nonmembers, baselines, confidence)
    convicted = not_fair_auc(members, nonmembers, baselines, margin, confidence)
    at = f"{convicted:.3f}" if convicted < 1 else "none"
    return [*told, f"0.5 ± {within:.3f}", at, needed]
