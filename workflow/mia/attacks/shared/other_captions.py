"""An attack that asks the model under other captions: a control of what the attack reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared.around import Around
from mia.attacks.shared.contract import Learns, LearnsFromReferences, Stacks
from mia.evidence import Evidence
from mia.query import Query
from mia.told_captions import CONTROLS, FIELD, FIXED, NEUTRAL, OWN, reads_own_caption, under

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class OtherCaptions(Around):
    """An attack whose queries tell other captions; its formula stays the same.

    Args:
        attack: As it is under the images' own captions.
        captions: `fixed:<text>`, `shuffled` or `swapped`.
        target: The target whose captions are exchanged; empty for one that is not known yet.
    """

    captions: str
    target: str = ""

    @property
    def queries(self) -> tuple[Query, ...]:
        """The attack's queries, under the control where they tell the own caption."""
        of_target = not self.captions.startswith(f"{FIXED}:")
        control = f"{self.captions}:{self.target}" if of_target else self.captions
        return tuple(under(query, control) for query in self.attack.queries)

    def on(self, target: str) -> OtherCaptions:
        """Return the same on a target: each has captions of its own to exchange."""
        return replace(self, target=target)

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the attack's score of what was measured under the control."""
        return self.attack.score(_unmarked(evidence))


@dataclass(frozen=True)
class LearnsOtherCaptions(OtherCaptions):
    """The same of an attack with `fit`: it learns under the control too."""

    def fit(self, evidence: Evidence, member: pd.Series) -> OtherCaptions:
        """Return the attack fitted on what was measured under the control."""
        return replace(self, attack=self.attack.fit(_unmarked(evidence), member))


@dataclass(frozen=True)
class ReferencesOtherCaptions(OtherCaptions):
    """The same of an attack that learns from references: they are told the control too."""

    def fit_references(self, evidence: Evidence) -> OtherCaptions:
        """Return the attack fitted on what references answered under the control."""
        return replace(self, attack=self.attack.fit_references(_unmarked(evidence)))


def with_captions(attack: Any, captions: Any) -> Any:
    """Return an attack under `captions`: `own`, `fixed`, `fixed:<text>`, `shuffled` or `swapped`.

    Raises:
        ValueError: `captions` is none of these, or the attack reads no own caption.
    """
    kind, colon, text = str(captions).partition(":")
    if kind not in (OWN, *CONTROLS) or (colon and (kind != FIXED or not text.strip())):
        expected = "own, fixed, fixed:<text>, shuffled, swapped"
        raise ValueError(f"captions must be one of {expected}, got {captions!r}")
    if kind == OWN:
        return attack
    if isinstance(attack, Stacks) or not any(map(reads_own_caption, attack.queries)):
        raise ValueError(
            f"captions: {captions!r}: it tells the model no caption of its own; "
            "expected an attack whose queries read the image's own caption"
        )
    told = f"{FIXED}:{text or NEUTRAL}" if kind == FIXED else kind
    if isinstance(attack, LearnsFromReferences):
        return ReferencesOtherCaptions(attack, told)
    kind_of_attack = LearnsOtherCaptions if isinstance(attack, Learns) else OtherCaptions
    return kind_of_attack(attack, told)


def _unmarked(evidence: Evidence) -> Evidence:
    """Return the evidence without the column that names the control."""
    return evidence.with_tables(lambda table, _: table.drop(columns=FIELD, errors="ignore"))
