"""What a claimed collection can show at its size, before anything is measured.

The test of a collection is foreseen for scores of a normal law, as `mia.stats.set_power` has it.
"""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

from mia.access import reads_model
from mia.attacks.shared.other_captions import OtherCaptions
from mia.audit.equivalence import chance_error, images_for_margin, reachable_margin
from mia.config.design import is_by_design, is_claimed
from mia.config.experiment import Experiment
from mia.cost.decidable import to_evaluate
from mia.stats.set_power import LEVEL, POWER, Side, groups_needed, power, smallest_gap

STRENGTHS = (0.55, 0.6, 0.7, 0.8)  # AUC of the surest attack, images used against images not used
NORMAL = NormalDist()
LINE = "  {:<58}{:>9}{:>9}{:>9}{:>9}".format
NOTES = """\
A collection passes where an attack scores it so high that luck does so for 1 of 100 unused ones.
An AUC of 0.60: of 100 pairs of a claimed and a comparable image, the attack gives the claimed one
the higher score in 60; guessing gives 50. Nobody knows it of a model before measuring. Assumed:
scores of one normal law, each used image shifted alike; one attack has that AUC, the others see
nothing; related images count as one. “none”: not even so, beside so few comparable images."""


def claimed_collections(experiment: Experiment, results: Path) -> list[str]:
    """Return lines on each target with a model whose members are only claimed; none without one."""
    asked = [name for name in experiment.with_model() if is_claimed(experiment, name)]
    if not asked:
        return []
    lines = ["\nWhat a claimed collection can show at its size:"]
    for target in asked:
        lines += _of_target(experiment, results, target)
    return [*lines, NOTES]


def _of_target(experiment: Experiment, results: Path, target: str) -> list[str]:
    members, nonmembers, certain = to_evaluate(experiment, results, target, learners=False)
    attacks = _attacks(experiment, target)
    if not members or not nonmembers or not attacks:
        lacks = "no attack reads the model" if members and nonmembers else "nobody knows how many"
        return [f"{target}: cannot be said, as {lacks}{'' if not attacks else ' images there are'}"]
    most = "" if certain else "at most "
    sides, level = (Side(members, 1.0), Side(nonmembers, 1.0)), LEVEL / attacks
    gap = smallest_gap(*sides, level)
    gaps = [math.sqrt(2) * NORMAL.inv_cdf(auc) for auc in STRENGTHS]
    needed = [groups_needed(one, *sides, level) for one in gaps]
    return [
        f"{target}: {most}{members:,} claimed images beside {nonmembers:,} comparable ones, "
        f"{attacks} {'attack' if attacks == 1 else 'attacks'} on the model",
        f"  The collection passes, four times in five, if an attack has an AUC of {_auc(gap)}.",
        *_answer(experiment, results, target, members, nonmembers),
        LINE(
            "if the surest attack tells used images by an AUC of", *map("{:.2f}".format, STRENGTHS)
        ),
        LINE(
            "the collection passes, if all of it was used,",
            *(f"{100 * power(one, *sides, level):.0f} %" for one in gaps),
        ),
        LINE(
            "the least share used that passes four times in five",
            *(f"{100 * gap / one:.0f} %" if gap <= one else "none" for one in gaps),
        ),
        LINE(
            "claimed images that pass four times in five, if all used",
            *(f"{one:,.0f}" if math.isfinite(one) else "none" for one in needed),
        ),
    ]


def _attacks(experiment: Experiment, target: str) -> int:
    """Return how many attacks read the model, without controls under other captions."""
    there = [experiment.attack_on(target, name) for name in experiment.attacks_of(target)]
    asking = [attack for attack in there if reads_model(attack.access)]
    return sum(not isinstance(attack, OtherCaptions) for attack in asking)


def _answer(
    experiment: Experiment, results: Path, target: str, members: int, nonmembers: int
) -> list[str]:
    """Say what an answer of use asks for besides, as `mia.evaluation.answers` gives it."""
    config = experiment.config
    if is_by_design(experiment, target):
        return ["  Lots decided who is claimed, so that a pass is enough for the answer “Used”."]
    if config["targets"][target].get("control"):
        return [
            "  With the control the answer rests on the gain over it, which shows about as well,",
            "  if both models find the same images easy (docs/results.md).",
        ]
    baselines = len(experiment.blind_attacks(target))
    confidence = config["evaluation"]["confidence"]
    if not baselines:
        return ["  No answer of use can follow: name a control, or run blind baselines."]
    ours, theirs, _ = to_evaluate(experiment, results, target)
    if not ours or not theirs:
        return ["  No answer of use can follow: there are too few images for blind baselines."]
    within = reachable_margin(ours, theirs, baselines, confidence, 0.5)
    steps = NORMAL.inv_cdf((1 + confidence) / 2) + NORMAL.inv_cdf(POWER)
    least = 0.5 + within + steps * chance_error(members, nonmembers)
    alike = images_for_margin(config["audit"]["margin"], baselines, confidence)
    return [
        "  Without a control an answer of use asks for more, to be above all blind baselines: "
        + (f"about {least:.2f}." if least < 1 else "no AUC is enough."),
        f"  “Used” without “unless” asks for about {alike:,} images a side too. A control is worth "
        "more (docs/targets.md).",
    ]


def _auc(gap: float) -> str:
    """Return the AUC of two normal laws that lie so far apart."""
    return f"{NORMAL.cdf(gap / math.sqrt(2)):.2f}" if math.isfinite(gap) else "more than 1 can be"
