"""Whether enough is known of references is asked before anything is measured."""

import pandas as pd
import pytest

from mia.targets.enough_references import check_enough

KNOWN = pd.DataFrame(
    {
        "one": ["in", "in", "out", "unknown"],
        "two": ["out", "in", "out", "unknown"],
        "three": ["in", "out", "out", "out"],
    },
    [f"set {key}" for key in "abcd"],
)


def told(**needs):
    with pytest.raises(ValueError) as error:
        check_enough(KNOWN, {"enough": {"in": 0, "out": 0, "pairs": 1}, "mine": needs})
    return str(error.value)


def test_what_is_enough_passes():
    check_enough(KNOWN, {})
    check_enough(KNOWN, {"mine": {"in": 0, "out": 1, "pairs": 4}})
    check_enough(KNOWN.iloc[:2], {"mine": {"in": 1, "out": 1, "pairs": 2}})


def test_an_image_of_which_too_little_is_known_is_named_with_the_attack():
    found = told(**{"in": 1, "out": 1, "pairs": 0})
    assert found.startswith("image set c: of 3 references, 0 are known to be trained on it and of ")
    assert "attacks.mine needs 1 at least (and so for 2 images)" in found
    found = told(**{"in": 0, "out": 2, "pairs": 0})
    assert found.startswith("image set a: of 3 references, 1 are known not to be trained on it")
    assert "(and so for 3 images)" in found
    with pytest.raises(ValueError, match=r"image set d: of 3 references, 1 are .* of 2 it is n"):
        check_enough(KNOWN.iloc[3:], {"mine": {"in": 0, "out": 2, "pairs": 0}})


def test_too_few_pairs_of_a_side_are_counted():
    found = told(**{"in": 0, "out": 0, "pairs": 5})
    assert found.startswith("attacks.mine learns from pairs of an image and a reference; of 4 the ")
    assert found.endswith("known to be trained on it; expected 5 at least")
