"""What one shared table of measurements saves, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.config.attacks import reads
from mia.cost.signals import evals_alone, evals_together


def sharing(
    attacks: Mapping[str, Any], others: Mapping[str, Any], against: str | None
) -> list[str]:
    """Say what one shared table saves against running each attack for itself: a sentence a ratio.

    Rows that read what other rows ask are left out: alone, each would cost all that it reads.
    """
    attacks, others = (
        {name: attack for name, attack in rows.items() if not reads(attack, "rows")}
        for rows in (attacks, others)
    )
    together, alone = evals_together(attacks.values()), evals_alone(attacks.values())
    if not together:
        return ["No attack asks the model anything."]
    saved = f"sharing saves {100 * (1 - together / alone):.2g} %"
    lines = [
        f"One picture costs {together:,} U-Net evaluations for all attacks together. Each attack "
        f"for itself, they would cost {alone:,}: {saved}."
    ]
    if against and (papers := evals_alone(others.values())):
        lines.append(
            f"The attacks of {against}, each for itself, cost {papers:,} for one picture: this "
            f"config costs {_share(together / papers)} that."
        )
    return lines


def _share(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio >= 1 else f"{100 * ratio:.2g} % of"
