"""What one shared table of measurements saves, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from mia.attacks.shared.contract import Entry, Stacks
from mia.cost.signals import evals_alone, evals_together


def sharing(
    attacks: Mapping[str, Entry], others: Mapping[str, Entry], against: str | None
) -> list[str]:
    """Return what one shared table saves against running each attack alone: a sentence a ratio.

    Attacks that stack other entries are left out: alone, each would cost all that it reads.
    """
    attacks, others = (
        {name: attack for name, attack in each.items() if not isinstance(attack, Stacks)}
        for each in (attacks, others)
    )
    together, alone = evals_together(attacks.values()), evals_alone(attacks.values())
    if not together:
        return ["No attack asks the model anything."]
    saved = f"sharing saves {100 * (1 - together / alone):.2g} %"
    lines = [
        f"One image costs {together:,} U-Net evaluations for all attacks together. Each attack "
        f"for itself, they would cost {alone:,}: {saved}."
    ]
    if against and (papers := evals_alone(others.values())):
        lines.append(
            f"The attacks of {against}, each for itself, cost {papers:,} for one image: this "
            f"config costs {_share(together / papers)} that."
        )
    return lines


def _share(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio >= 1 else f"{100 * ratio:.2g} % of"
