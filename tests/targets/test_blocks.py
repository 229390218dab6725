"""Blocks of images: whole groups, each class alike; which images are reported on."""

import numpy as np
import pandas as pd
import pytest

from mia.targets import folds
from mia.targets.blocks import NOWHERE, blocks_of


def rows(members, nonmembers, group_size=1, **more):
    n = members + nonmembers
    number = np.arange(n)
    table = {"member": number < members, "kept": True, "caption": ""}
    table["group"] = [f"g{one}" for one in number // group_size]
    table["fold"] = np.where(number % 2, "calibration", "evaluation")
    return pd.DataFrame(table | more)


@pytest.mark.parametrize("sizes", [(600, 600), (300, 37), (12, 700), (97, 101)])
def test_each_block_has_its_share_of_each_class(sizes):
    table = rows(*sizes)
    block = blocks_of(table, "all", 0)
    counts = pd.crosstab(block, table["member"])
    assert list(counts.index) == list(range(folds.BLOCKS))
    assert (np.ptp(counts.to_numpy(), axis=0) <= 1).all()


@pytest.mark.parametrize("group_size", [2, 5])
def test_a_group_is_in_one_block(group_size):
    table = rows(200, 200, group_size)
    block = blocks_of(table, "all", 3)
    assert block.groupby(table["group"]).nunique().max() == 1
    assert np.ptp(pd.crosstab(block, table["member"]).to_numpy()) <= group_size


def test_blocks_depend_on_seed_and_names_alone():
    table = rows(50, 60)
    shuffled = table.sample(frac=1, random_state=0)
    block = blocks_of(table, "all", 0)
    assert blocks_of(shuffled, "all", 0).sort_index().equals(block)
    assert not blocks_of(table, "all", 1).equals(block)


@pytest.mark.parametrize(("sizes", "blocks"), [((4, 100), 4), ((2, 2), 2), ((6, 6), 6)])
def test_few_images_make_fewer_blocks_that_all_have_both_classes(sizes, blocks):
    table = rows(*sizes)
    counts = pd.crosstab(blocks_of(table, "all", 0), table["member"])
    assert len(counts) == blocks and (counts > 0).all(axis=None)


def test_too_few_images_for_two_blocks_are_named():
    with pytest.raises(ValueError, match="1 members and 9 nonmembers in 10 groups"):
        blocks_of(rows(1, 9), "all", 0)


def test_what_is_left_out_is_reported_nowhere():
    table = rows(60, 60)
    table.loc[::5, "kept"] = False
    table.loc[1::5, "fold"] = folds.FIT
    block = blocks_of(table, "all", 0)
    assert (block[~table["kept"] | (table["fold"] == folds.FIT)] == NOWHERE).all()
    assert (block[table["kept"] & (table["fold"] != folds.FIT)] >= 0).all()


def test_by_halves_the_evaluation_fold_is_the_only_block():
    table = rows(60, 60)
    block = blocks_of(table, "halves", 0)
    assert (block == np.where(table["fold"] == "evaluation", 0, NOWHERE)).all()
