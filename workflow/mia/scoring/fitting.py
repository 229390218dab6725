"""What an attack with `fit` learns from: never from an image that it is reported on.

In several blocks (`mia.targets.blocks`), it learns anew for each block, from all blocks before it.
In one block, it learns from the calibration fold: a model-free attack from all of it, others from a
seeded half of its groups, so that their threshold can come from the other half. `fit` is given the
evidence and the labels of the images to learn from alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mia.access import reads_model
from mia.attacks.shared.contract import Learns, LearnsFromReferences, Tells
from mia.evidence import Evidence
from mia.scoring.inputs import Inputs


@dataclass(frozen=True)
class Blockwise:
    """An attack that has learnt once for each block, from the blocks before it.

    Args:
        attacks: Block to the attack that scores it.
        block: Block of every image, index image_id. Images up to the first have no score.
    """

    attacks: Mapping[int, Any]
    block: pd.Series

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the score of every image; NaN for those that no block before is there for."""
        block = self.block.loc[list(evidence.image_ids)]
        score = pd.Series(np.nan, block.index)
        for number, attack in self.attacks.items():
            of_block = block.index[block == number]
            if len(of_block):
                score[of_block] = attack.score(evidence.of_images(of_block))
        return score

    @property
    def fitted(self) -> dict[str, Any]:
        """What was learnt for the last block, from most images."""
        last = self.attacks[max(self.attacks)]
        return last.fitted if isinstance(last, Tells) else {}


def fitted_by_block(
    attack: Any, evidence: Evidence, member: pd.Series, block: pd.Series, source: str
) -> Blockwise:
    """Return the attack, fitted for each block but the first.

    Args:
        attack: Has `fit`.
        evidence: Of all images.
        member: Whether each image is a member, index image_id.
        block: Block of each image, the same index; at least two blocks, from 0. Images below 0, of
            the fold that sides were matched on, are neither learnt from nor scored.
        source: The file that the labels are from, for messages.
    """
    later = range(1, int(block.max()) + 1)
    before = {number: list(block.index[block.between(0, number - 1)]) for number in later}
    attacks = {
        number: fitted(attack, evidence, member, ids, source) for number, ids in before.items()
    }
    return Blockwise(attacks, block)


def images_to_fit(images: pd.DataFrame, seed: int, all_of_it: bool) -> list[str]:
    """Return the image ids of the calibration fold to learn from, where there is one block.

    Args:
        images: Index image_id, sorted; columns group and fold.
        seed: Chooses the groups.
        all_of_it: Whether every group is chosen, not half of them.
    """
    calibration = images[images["fold"] == "calibration"]
    if all_of_it:
        return list(calibration.index)
    groups = np.sort(calibration["group"].unique())
    chosen = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    return list(calibration.index[calibration["group"].isin(chosen)])


def fitted(
    attack: Any, evidence: Evidence, member: pd.Series, fit_ids: Sequence[str], source: str
) -> Any:
    """Return the attack, fitted on the images `fit_ids` alone.

    Args:
        attack: Has `fit`.
        evidence: Of all images.
        member: Whether each image is a member, index image_id.
        fit_ids: What to learn from.
        source: The file that the labels are from, for messages.

    Raises:
        ValueError: The images to learn from are all of one side.
    """
    labels = member.loc[list(fit_ids)]
    if labels.nunique() < 2:
        raise ValueError(
            f"{source}: a trained attack learns from {len(labels)} images, all of one side; "
            "expected both: give more images"
        )
    return attack.fit(evidence.of_images(fit_ids), labels)


def learnt(attack: Any, evidence: Evidence, inputs: Inputs, seed: int) -> Any:
    """Return the attack after it has learnt from `evidence`, if it learns (`scoring.fitting`).

    One that learns from references is given neither a label nor an answer of the target.
    """
    if isinstance(attack, LearnsFromReferences):
        return attack.fit_references(evidence.without_target())
    if not isinstance(attack, Learns):
        return attack
    if inputs.images["block"].max() > 0:
        by_block = inputs.member, inputs.images["block"], inputs.membership
        return fitted_by_block(attack, evidence, *by_block)
    ids = learnt_from(attack, inputs, seed)
    return fitted(attack, evidence, inputs.member, ids, inputs.membership)


def learnt_from(attack: Any, inputs: Inputs, seed: int) -> list[str]:
    """Return the images that an attack learns from where there is one block."""
    return images_to_fit(inputs.images, seed, not reads_model(attack.access))
