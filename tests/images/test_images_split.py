"""Seeded cuts: exact counts, no group parted, the same whatever the order of rows."""

import numpy as np
import pandas as pd
import pytest

from mia.images import split
from mia.targets import folds


@pytest.fixture
def sizes():
    generator = np.random.default_rng(0)
    return {f"g{n}": int(size) for n, size in enumerate(generator.geometric(0.7, 400))}


WANTED = {"member": 150, "nonmember": 150, "shadow": 100}


def test_parts_have_exactly_the_size_wanted(sizes):
    dealt = split.parts(sizes, WANTED, seed=0)
    assert dealt.keys() == sizes.keys()
    filled = pd.Series(sizes).groupby(pd.Series(dealt)).sum()
    assert {part: filled[part] for part in WANTED} == WANTED
    assert filled["rest"] == sum(sizes.values()) - 400


def test_a_split_depends_on_the_seed_only(sizes):
    dealt = split.parts(sizes, WANTED, seed=0)
    assert split.parts(dict(reversed(sizes.items())), WANTED, seed=0) == dealt
    assert split.parts(sizes, dict(reversed(WANTED.items())), seed=0) == dealt
    other = split.parts(sizes, WANTED, seed=1)
    agree = np.mean([other[group] == dealt[group] for group in sizes])
    assert agree < 0.5


def test_large_groups_are_dealt_like_others():
    """Over seeds, images of large groups fall to every part about as often as images do."""
    sizes = {f"g{n}": 5 if n < 20 else 1 for n in range(300)}
    wanted = {"x": 100, "y": 100, "z": 100}
    counts = pd.Series(0, index=sorted(wanted))
    for seed in range(60):
        dealt = split.parts(sizes, wanted, seed)
        counts += (
            pd.Series([dealt[f"g{n}"] for n in range(20)])
            .value_counts()
            .reindex(counts.index, fill_value=0)
        )
    assert counts.max() / counts.min() < 1.25


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [({"a": 1, "b": 1}, {"x": 2, "y": 1}), ({"a": 3, "b": 3}, {"x": 4}), ({}, {"x": 1})],
)
def test_too_few_pictures_are_an_error_with_the_counts(sizes, wanted):
    with pytest.raises(ValueError, match="too few images") as caught:
        split.parts(sizes, wanted, seed=0)
    assert f"{sum(sizes.values())} kept in {len(sizes)} groups" in str(caught.value)
    assert all(f"{part} {number} (got" in str(caught.value) for part, number in wanted.items())


def test_folds_halve_each_class_and_part_no_group(sizes):
    groups = pd.Series(np.repeat(list(sizes), list(sizes.values())))
    member = pd.Series(np.random.default_rng(1).random(len(groups)) < 0.4)
    fold = groups.map(folds.halves(groups, member, seed=0))
    counts = pd.crosstab(member, fold)
    assert (counts["calibration"] - counts["evaluation"]).abs().max() <= 1
    shuffled = np.random.default_rng(2).permutation(len(groups))
    again = folds.halves(groups[shuffled], member[shuffled], seed=0)
    assert again == folds.halves(groups, member, seed=0)
    assert folds.halves(groups, member, seed=1) != again
