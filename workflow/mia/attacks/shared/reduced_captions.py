"""CLiD's reduced captions: what is asked under them, and the loss under each, mean per image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.attacks.shared.space import in_space
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

REDUCTIONS = {
    "important": ("drop-30", "drop-50", "drop-70"),
    "clip": ("third-1", "third-2", "third-3"),
}


def asked(timesteps: tuple[int, ...], draws: int, reduction: str) -> tuple[Query, ...]:
    """Return the queries of the own, the empty and the reduced captions at the same draws."""
    place = (timesteps, draws)
    reduced = [
        grid("captions", *place, further=(("variant", variant),))
        for variant in REDUCTIONS[reduction]
    ]
    return sum(reduced, start=grid("denoise", *place, "both"))


def losses(evidence: Evidence, space: str) -> pd.DataFrame:
    """Return the loss under each caption, mean over timesteps and draws, of what `space` names.

    Returns:
        Index image_id, sorted; columns `caption`, `null`, and the name of each reduction asked.
    """
    table, reduced = evidence.signals["denoise"], evidence.signals["captions"]
    own = table[["loss_caption", "loss_null"]].set_axis(["caption", "null"], axis="columns")
    own = own.apply(in_space, args=(table["timestep"], evidence.alpha_bar, space))
    changed = in_space(reduced["loss_variant"], reduced["timestep"], evidence.alpha_bar, space)
    by_variant = changed.groupby([reduced.index, reduced["variant"]]).mean().unstack()
    return own.groupby(level="image_id").mean().join(by_variant)
