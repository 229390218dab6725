"""What a verdict cannot know, in sentences that stand beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mia.targets.equal_captions import FEW

LABELS = (
    "Membership was not made here: the labels come with the sets and can be wrong. A list that "
    "contains the training set, from which the published LAION-mi draws its members, is not the "
    "training set, and an image on no list may still have been trained on."
)
ABOVE_BLIND = (
    "Being above the blind baselines proves nothing on this target: a baseline that sees less of a "
    "difference than the attack cannot clear it. What speaks about the model is the gain: the AUC "
    "of the attack minus the AUC of the same attack, on the same images, on a comparable model "
    "that saw neither set. Both AUCs belong beside the gain. Where that of the other model is off "
    "0.5, the attack reads a difference of the sets, and a small gain proves nothing either."
)
NEED_A_CONTROL = ("NOT FAIR", "UNDECIDED")  # chance made BY DESIGN: no baseline can object there
TWINS = (
    "{share} of the images bear a caption that both sides have. Equal captions are kept in one "
    "fold, very common ones in equal shares in both, so that no baseline learns from one image "
    "which side its twin is on. Where captions are the same they show no difference: there the "
    "verdict rests on the other channels."
)
WITHOUT_ADDRESSES = "Left out: {attacks}, as no image of either set has an address."
DERAILED = (
    "The self-test failed: {channels} told members from members, beyond chance. Until that is "
    "explained, this audit shows nothing."
)


def remarks(
    verdict: str,
    trained_here: bool,
    match: str,
    kept_share: Mapping[str, float],
    self_test: Mapping[str, Mapping[str, float]],
    same_captions: float = 0.0,
    without_addresses: Sequence[str] = (),
) -> list[str]:
    """Return the remarks that apply to a target.

    Args:
        verdict: The word of its verdict.
        trained_here: Whether its model was trained in the pipeline, so that membership is certain.
        match: How its sides were matched, or `none`.
        kept_share: Side to the share of its calibration and evaluation images that found a match.
        self_test: As `resplit.self_test` returns it.
        same_captions: Share of images whose caption both sides have.
        without_addresses: Attacks left out because they read addresses and there are none.
    """
    found = []
    if match != "none":
        shares = " and ".join(f"{share:.0%} of {side}" for side, share in kept_share.items())
        found.append(f"Matched by {match}: {shares.replace('%', ' %')} kept.")
    if without_addresses:
        found.append(WITHOUT_ADDRESSES.format(attacks=", ".join(without_addresses)))
    if same_captions > FEW:
        found.append(TWINS.format(share=f"{100 * same_captions:.0f} %"))
    failed = [name for name, seen in self_test.items() if not seen["low"] <= 0.5 <= seen["high"]]
    if failed:
        found.append(DERAILED.format(channels=", ".join(failed)))
    if not trained_here:
        found.append(LABELS)
    if verdict in NEED_A_CONTROL:
        found.append(ABOVE_BLIND)
    return found
