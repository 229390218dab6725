"""`learns_from: references`: an attack with `fit` learns labels of references, none of the target.

So learn the shadow attackers of the literature: they train models of their own, know what these
were trained on, and use what they learn there on the target.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mia.access import reads_model
from mia.attacks.shared.around import Around
from mia.attacks.shared.contract import Learns, Stacks, Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

FIELD, TARGET, REFERENCES = "learns_from", "target", "references"  # the key and its values


@dataclass(frozen=True)
class FromReferences(Around):
    """An attack with `fit` that learns what references answer, and what they were trained on."""

    @property
    def traits(self) -> Traits:
        """Traits of the attack, and that it reads references: two pairs a class are the fewest."""
        return replace(super().traits, reads_references=True, fewest_pairs=2)

    @property
    def queries(self) -> tuple[Query, ...]:
        """Queries of the attack; references are asked the same."""
        return self.attack.queries

    def fit_references(self, evidence: Evidence) -> FromReferences:
        """Return the attack fitted on all references together.

        Raises:
            ValueError: All that is known is of one side.
        """
        return replace(self, attack=self.attack.fit(*as_images(evidence)))

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the fitted attack's score."""
        return self.attack.score(evidence)


@dataclass(frozen=True)
class StackFromReferences(FromReferences):
    """The same of an attack that reads what other entries ask."""

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the entries that it reads."""
        return self.attack.entries

    def with_queries(self, queries: tuple[Query, ...]) -> FromReferences:
        """Return the attack that reads `queries`."""
        return replace(self, attack=self.attack.with_queries(queries))


def learning_from(attack: Any, learns_from: Any) -> Any:
    """Return an attack that learns from `learns_from`: `target` or `references`.

    Raises:
        ValueError: It is neither, or the attack has no `fit`, or asks the model nothing.
    """
    if learns_from not in (TARGET, REFERENCES):
        raise ValueError(f"{FIELD} must be {TARGET} or {REFERENCES}, got {learns_from!r}")
    if learns_from == TARGET:
        return attack
    if not isinstance(attack, Learns) or not reads_model(attack.access):
        raise ValueError(f"{FIELD}: expected an attack that learns labels from a model's answers")
    kind = StackFromReferences if isinstance(attack, Stacks) else FromReferences
    return kind(attack)


def as_images(evidence: Evidence) -> tuple[Evidence, pd.Series]:
    """Return what references answer as if each image were another one on each reference.

    Args:
        evidence: With `references` and `reference_membership`.

    Returns:
        Evidence whose image ids are `{image_id} {reference}`, without those of which it is not
        known whether the reference was trained on them; and whether it was, bool, by these ids.

    Raises:
        ValueError: All that is known is of one side.
    """
    import pandas as pd

    known = evidence.reference_membership
    assert known is not None, "a config with references has a table of what they learnt"
    labels = {
        f"{image} {name}": side == "in"
        for name in evidence.references
        for image, side in known[name].items()
        if side != "unknown"
    }
    member = pd.Series(labels, dtype=bool).rename_axis("image_id").sort_index()
    if member.nunique() < 2:
        raise ValueError(
            f"of {len(member)} pairs of an image and a reference, all are of one side; expected "
            "references that were trained on some of the target's images and not on others"
        )

    def renamed(table: pd.DataFrame, name: str) -> pd.DataFrame:
        own = table.set_axis((table.index + f" {name}").rename("image_id"))
        return own[own.index.isin(member.index)]

    def together(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        return pd.concat([renamed(table, name) for name, table in tables.items()])

    models, images, reference = evidence.references, evidence.images, evidence.reference
    first = next(iter(models.values()))
    return (
        Evidence(
            tuple(member.index),
            {signal: together({m: models[m][signal] for m in models}) for signal in first},
            {signal: together(dict.fromkeys(models, table)) for signal, table in reference.items()},
            images=None if images is None else together(dict.fromkeys(models, images)),
            alpha_bar=evidence.alpha_bar,
            tensors=evidence.tensors,
            seed=evidence.seed,
        ),
        member,
    )
