"""The Fréchet distance between two sets, and how far apart random splits of all images are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.blind import embedding, image, text

ROUNDING = 1e-9  # a distance that is smaller by less than this share counts as equal


@dataclass(frozen=True)
class Frechet:
    """A distance and its null distribution.

    Args:
        features: The blind channel that describes the images.
        value: The distance between members and nonmembers, 0 or more.
        null_median: Median distance of random splits of all images into sets of these sizes.
        null_high: Their 95th percentile.
        percentile: Share of random splits that lie nearer, in [0, 1].
        p: One-sided chance of a distance this large between random splits. The sets' own split
            counts among them, so it is at least 1 / (splits + 1).
        columns: How many numbers describe an image.
        singular: Whether a set has no more images than `columns`. Its covariance then has no full
            rank, and the value is mostly bias. The percentile still holds, since the random splits
            share the bias.
    """

    features: str
    value: float
    null_median: float
    null_high: float
    percentile: float
    p: float
    columns: int
    singular: bool


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the squared Fréchet distance between two normal distributions fitted to the sets.

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), Dowson & Landau 1982; on features of a network, the FID
    of Heusel et al. 2017. Few images bias it upwards (Chong & Forsyth 2020, arXiv
    1911.07023), the more so the nearer their number is to that of the columns. Compare it only with
    a null of the same sizes. With fewer images than columns it is the distance between two flat
    normal distributions, which exists as well.

    Args:
        ours: `(images, columns)`.
        theirs: The same for the other set.

    >>> distance(np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]]))
    9.0
    """
    gap = ours.mean(axis=0) - theirs.mean(axis=0)
    first, second = (np.atleast_2d(np.cov(side, rowvar=False)) for side in (ours, theirs))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return max(0.0, float(gap @ gap + np.trace(first) + np.trace(second) - 2 * shared))


def frechet(
    features: str,
    columns: pd.DataFrame,
    member: pd.Series,
    group: pd.Series,
    splits: int,
    seed: int,
    standardise: bool = True,
) -> Frechet | None:
    """Return the distance on columns, beside the distances of random splits by group.

    Args:
        features: Name of what the columns describe.
        columns: Numbers without gaps, one row an image; constant ones are left out.
        member: Whether each is a member, bool, the same index.
        group: Label of each image's group, the same index.
        splits: How many random splits.
        seed: Of the splits.
        standardise: Give every column the same spread; not for an embedding, whose numbers share a
            scale and are compared as they are, as in FID.

    Returns:
        None where no column varies or a set has fewer than two images.
    """
    values = columns.to_numpy(dtype=float)
    values = values[:, np.ptp(values, axis=0) > 0]
    member = member.to_numpy(dtype=bool)
    if not values.shape[1] or min(member.sum(), (~member).sum()) < 2:
        return None
    if standardise:
        values = (values - values.mean(axis=0)) / values.std(axis=0)
    found = distance(values[member], values[~member])
    generator, place = np.random.default_rng(seed), pd.factorize(group, sort=True)[0]
    null = [_of_split(values, place, int(member.sum()), generator) for _ in range(splits)]
    nearer = sum(other < found * (1 - ROUNDING) for other in null)
    p = (splits - nearer + 1) / (splits + 1)
    median, high = (float(np.quantile(null, share)) for share in (0.5, 0.95))
    count = values.shape[1]
    singular = bool(min(member.sum(), (~member).sum()) <= count)
    return Frechet(features, found, median, high, nearer / splits, p, count, singular)


def distances(
    images: pd.DataFrame, member: pd.Series, group: pd.Series, splits: int, seed: int
) -> list[Frechet]:
    """Return the distance on image statistics, and on embeddings of images and captions.

    Args:
        images: Manifest rows, with embeddings where there are any (`mia.targets.pictures`).
        member, group, splits, seed: As of `frechet`.

    Returns:
        One for each kind of features that the images have and that has a distance.
    """
    channels = {"image": image, "embedding": embedding, "text": text}
    if images["bytes"].isna().any():
        channels = {"text": text}  # a set of captions alone
    found = [
        frechet(name, channel.features(images), member, group, splits, seed, name == "image")
        for name, channel in channels.items()
    ]
    return [one for one in found if one is not None]


def _of_split(
    values: np.ndarray, place: np.ndarray, size: int, generator: np.random.Generator
) -> float:
    """Return the distance of one random split; whole groups fill the first set to about `size`."""
    order = generator.permutation(place.max() + 1)[place]
    rows = np.argsort(order, kind="stable")
    last = min(max(order[rows[size - 1]], 0), order.max() - 1)
    first = order <= last
    if min(first.sum(), (~first).sum()) < 2:
        return 0.0
    return distance(values[first], values[~first])
