"""Halves for shadow models: by group, in pairs of complements, whatever the order of rows."""

import numpy as np
import pandas as pd

from mia.images.halves import half_of, in_half

GROUPS = pd.Series([f"g{number // 3 if number < 60 else number}" for number in range(300)])


def test_a_half_has_half_the_images_and_whole_groups():
    for number in range(1, 9):
        chosen = in_half(GROUPS, seed=3, number=number)
        assert chosen.sum() == 150
        assert (chosen.groupby(GROUPS).nunique() == 1).all()


def test_each_image_is_in_half_of_an_even_number_of_halves():
    halves = np.array([in_half(GROUPS, 3, number) for number in range(1, 9)])
    assert (halves.sum(0) == 4).all()
    assert (halves[::2] ^ halves[1::2]).all()


def test_halves_of_two_pairs_and_of_two_seeds_are_independent():
    """Each overlap is hypergeometric, 75 images with a deviation of 4.4; six deviations allowed."""
    one = in_half(GROUPS, 3, 1)
    for other in (in_half(GROUPS, 3, 3), in_half(GROUPS, 4, 1), in_half(GROUPS, 3, 5)):
        assert abs((one & other).sum() - 75) < 27


def test_order_of_rows_changes_nothing():
    mixed = GROUPS.sample(frac=1, random_state=0)
    assert in_half(mixed, 3, 2).sort_index().equals(in_half(GROUPS, 3, 2))


def test_a_half_is_of_the_kept_images_of_some_parts():
    manifest = pd.DataFrame({"group": GROUPS, "kept": GROUPS.index % 5 > 0})
    manifest["part"] = np.where(GROUPS.index < 200, "a", "b")
    one, other = (half_of(manifest, ["a"], 0, number) for number in (1, 2))
    assert {*one["part"]} == {"a"} and one["kept"].all()
    assert len(one) == len(other) == 80 and not {*one.index} & {*other.index}
