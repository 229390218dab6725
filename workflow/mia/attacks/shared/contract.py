"""What an attack is, what it may say of itself, and what it may do besides.

A module of `mia.attacks` holds one frozen dataclass `Attack`, which satisfies the Protocol `Attack`
of this page. Its public fields are its parameters. A class attribute says what differs from the
defaults of `Traits`: `traits = Traits(reads_reference=True)`. Each optional method has a
Protocol of its own; `isinstance(attack, Learns)` tells whether an attack has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Traits:
    """What an attack says of itself; an attack that says nothing has the defaults.

    Args:
        reads_images: `evidence.images` holds the manifest's columns: captions, statistics, files.
        reads_addresses: It learns from the addresses in `evidence.images`. It exists only on
            targets with an image set that has addresses.
        reads_files: It learns from the image files: their pixels, or facts such as their size. It
            exists only on targets whose image sets have images.
        reads_reference: `evidence.reference` holds what the reference model answers to its queries.
            It exists only on targets that name a reference.
        reads_references: It learns from `evidence.references`, models of which it is known for each
            image whether they were trained on it. It exists only on targets that name some.
        fewest_in: How many of these it needs, for each image, that were trained on it.
        fewest_out: How many that were not.
        fewest_alike: How many it needs on one side of an image, whichever that is.
        fewest_pairs: How many pairs of an image and one of these it needs on each side.
        reads_embeddings: Channels of `audit.embedding` that `evidence.images` holds as columns:
            `embedding` (of the image), `text` (of the caption), `words` (of the caption, in the
            space of images).
        embeddings_optional: It also works without those channels.
        combines_signals: It learns from many measurements together; its score is flagged, since no
            single query earns it.
        compares_draws: Its score is made of differences between draws, so one draw has none.
        targets: It exists on these targets only; on all of them where none is named.
        beside: Attacks without which a config may not have it, as they say what it rests on.
        controls: Attacks that show how much of it the losses, or the sets alone, would give.
    """

    reads_images: bool = False
    reads_addresses: bool = False
    reads_files: bool = False
    reads_reference: bool = False
    reads_references: bool = False
    fewest_in: int = 0
    fewest_out: int = 0
    fewest_alike: int = 0
    fewest_pairs: int = 0
    reads_embeddings: tuple[str, ...] = ()
    embeddings_optional: bool = False
    combines_signals: bool = False
    compares_draws: bool = False
    targets: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    @property
    def fewest_references(self) -> int:
        """How many references it needs at least."""
        more = max(self.fewest_alike - max(self.fewest_in, self.fewest_out), 0)
        return self.fewest_in + self.fewest_out + more

    @property
    def needs_embeddings(self) -> tuple[str, ...]:
        """The channels of `audit.embedding` without which it does not work."""
        return () if self.embeddings_optional else self.reads_embeddings


def traits_of(attack: object) -> Traits:
    """Return the traits of an attack, the defaults where it declares none."""
    return getattr(attack, "traits", Traits())


@runtime_checkable
class Entry(Protocol):
    """What an entry of `attacks:` becomes: an attack, or scores that were made elsewhere."""

    @property
    def access(self) -> str:
        """`model-free`, `black-box`, `grey-box` or `white-box`; `external` for scores from a file.

        It says what of the model the attack has to see; `model-free` asks no model anything.
        """

    @property
    def source(self) -> str:
        """The paper, and the equation or the variant in it."""

    @property
    def queries(self) -> tuple[Query, ...]:
        """What it asks the target's model; empty where `access` is `external`.

        Where it is `model-free`, no evaluation of the model answers them.
        """


@runtime_checkable
class Attack(Entry, Protocol):
    """An attack whose parameters are set."""

    def score(self, evidence: Evidence) -> pd.Series:
        """Return one finite score per image, index image_id in any order; higher = member.

        It changes nothing, reads no file and draws no number but from `evidence.seed`. The score of
        an image depends on no other image of `evidence`.
        """


@runtime_checkable
class Learns(Attack, Protocol):
    """An attack that learns from labelled images before it scores."""

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the fitted attack; this one stays as it is.

        Args:
            evidence: Of images, none of which the fitted attack is reported on.
            member: bool, index image_id: the images to learn from. `evidence` may hold more.
        """


@runtime_checkable
class LearnsFromReferences(Attack, Protocol):
    """An attack that learns from references before it scores, and from no label of the target.

    Its trait `reads_references` says so too.
    """

    def fit_references(self, evidence: Evidence) -> Attack:
        """Return the fitted attack; this one stays as it is.

        Args:
            evidence: Of all images of the target, `references` and `reference_membership` among it.
                It holds no answer of the target's model.

        Raises:
            ValueError: The references say too little of an image; the message names it.
        """


@runtime_checkable
class Tells(Attack, Protocol):
    """An attack that tells what it has learnt."""

    @property
    def fitted(self) -> dict[str, Any]:
        """What was learnt, JSON-ready: the metrics file holds it."""


@runtime_checkable
class Stacks(Attack, Protocol):
    """An attack that reads what other entries of the config ask."""

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the entries whose queries it reads; empty: of all others."""

    def with_queries(self, queries: tuple[Query, ...]) -> Attack:
        """Return the attack that reads `queries`, those of the other entries."""


@runtime_checkable
class OffersGrid(Protocol):
    """A class `Attack` with timesteps that `timestep: auto` tries where the config names none."""

    @staticmethod
    def default_grid(**parameters: Any) -> tuple[int, ...]:
        """Return the timesteps to try under the other `parameters` of the config."""
