"""Pairs near the limit: counts at every distance, the nearest on either side, and what is shown."""

import pandas as pd
import pytest

from mia.images import duplicates
from mia.pages import near_pairs

RULE = {"phash": 6, "rmse": 0.1, "mirror_rmse": 0.05}


def pairs(*rows):
    columns = ["key_a", "key_b", "distance", "rmse", "mirrored", "kind"]
    return pd.DataFrame(rows, columns=columns).assign(cosine=None).astype({"cosine": float})


FOUND = pairs(
    ("a", "b", 0, 0.0, False, "exact"),
    ("a", "c", 6, 0.02, False, "near"),
    ("b", "c", 2, 0.099, False, "near"),
    ("d", "e", 0, 0.01, False, "near"),
    ("f", "g", 4, 0.02, True, "mirror"),
    ("h", "i", 7, 0.02, False, "review"),
    ("h", "j", 10, 0.05, False, "review"),
    ("k", "l", 0, 0.12, False, "review"),
    ("k", "m", 3, 0.06, True, "review"),
    ("a", "n", None, None, False, "caption"),
)


def test_pairs_are_counted_at_every_distance_up_to_review():
    counted = near_pairs.by_threshold(FOUND, RULE)
    assert [row["bits"] for row in counted] == list(range(11))
    # 0: ab, de; 2: and bc; 4: and fg; 6: and ac; 7: and hi; 10: and hj. kl and km differ in pixels.
    assert [row["pairs"] for row in counted] == [2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7]
    assert [row["pictures"] for row in counted] == [4, 4, 5, 5, 7, 7, 7, 9, 9, 9, 10]
    assert [row["bits"] for row in counted if row["chosen"]] == [6]


def test_the_table_ends_where_pairs_for_review_end():
    assert near_pairs.BEYOND == duplicates.REVIEW_BITS


def test_the_nearest_on_either_side_come_first_and_no_picture_twice():
    """Shares of the limit: ac 1, bc 0.99, fg 5/7, de 1/7; hi 8/7, kl and km 1.2, hj 11/7."""
    found = near_pairs.nearest(FOUND, RULE)
    keys = {side: (rows["key_a"] + rows["key_b"]).tolist() for side, rows in found.items()}
    assert keys == {"within": ["ac", "fg", "de"], "beyond": ["hi", "kl"]}


def test_an_embedding_may_bring_a_pair_near():
    """Shares of 0.2, by cosine: 0.95 a quarter, 0.81 and 0.79 just within and just beyond."""
    found = pairs(
        ("a", "b", 30, 0.4, False, "embedding"),
        ("c", "d", 31, 0.4, False, "embedding"),
        ("e", "f", 32, 0.4, False, "review"),
        ("g", "h", 10, 0.05, False, "review"),
    ).assign(cosine=[0.95, 0.81, 0.79, None])
    nearest = near_pairs.nearest(found, {**RULE, "embedding": {"drop": 0.8}})
    assert nearest["within"]["key_a"].tolist() == ["c", "a"]
    assert nearest["beyond"]["key_a"].tolist() == ["e", "g"]


def test_a_limit_of_nothing_is_no_division_by_zero():
    strict = {"phash": 0, "rmse": 0, "mirror_rmse": 0}
    found = pairs(
        ("a", "b", 0, 0.0, False, "near"),
        ("c", "d", 1, 0.0, False, "review"),
        ("e", "f", 0, 0.0, True, "mirror"),
    )
    counted = near_pairs.by_threshold(found, strict)
    assert [row["pairs"] for row in counted] == [2, 3, 3, 3, 3]
    assert near_pairs.nearest(found, strict)["beyond"]["key_a"].tolist() == ["c"]


@pytest.mark.parametrize("side", ["within", "beyond"])
def test_few_are_shown(side):
    kind = {"within": "near", "beyond": "review"}[side]
    many = pairs(*[(f"a{n}", f"b{n}", 6, 0.1, False, kind) for n in range(50)])
    assert len(near_pairs.nearest(many, RULE)[side]) == near_pairs.SHOWN


def test_what_is_shown_of_a_pair():
    held = pd.DataFrame(
        {"caption": ["a cat", ""], "thumbnail": [bytes(3072)] * 2}, index=["k", "m"]
    )
    entry = near_pairs.shown(FOUND[8:9], held)[0]
    assert [picture["caption"] for picture in entry["pictures"]] == ["a cat", "no caption"]
    assert (entry["distance"], entry["rmse"], entry["mirrored"]) == (3, 0.06, True)
