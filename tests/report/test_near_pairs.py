"""Pairs near the limit: counts at every distance, the nearest on either side, and what is shown."""

import pandas as pd
import pytest

from mia import storage
from mia.images.duplicates.pairs import REVIEW_BITS
from mia.report.pages import duplicate_limits, near_pairs
from mia.report.pages.pictures import thumbnail_uri

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
    assert near_pairs.BEYOND == REVIEW_BITS


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


def two_sets(folder):
    """Sets `a` and `b` that hold the same addresses, and so the same keys; their pairs."""
    manifests = {}
    for number, name in enumerate("ab"):
        manifests[name] = folder / f"{name}.parquet"
        shades = [bytes([100 * number + n]) * 3072 for n in range(3)]
        held = {"key": ["k0", "k1", "k2"], "caption": [f"{name}{n}" for n in range(3)]}
        storage.write(pd.DataFrame({**held, "thumbnail": shades}), manifests[name])
    found = pairs(("k0", "k0", 5, 0.05, False, "near"), ("k1", "k0", 8, 0.09, False, "review"))
    storage.write(found.assign(set_a="a", set_b="b"), folder / "pairs.parquet")
    return manifests


def experiment(**change):
    """Two sets of unlike rules; a target from both, one from the first alone."""
    loose = {"phash": 16, "rmse": 1, "mirror_rmse": 1}
    sets = {"a": {"source": "folder", "duplicates": RULE}, "b": {"source": "builtin"}}
    sets["b"] |= {"duplicates": loose}
    targets = {"two": {"sets": ["a", "b"]}, "one": {"sets": ["a"]}}
    return {"image_sets": sets, "targets": targets, "pictured": ["a", "b"], **change}


def test_pairs_of_two_sets_show_each_sides_own_picture_by_the_members_rule(tmp_path):
    manifests = two_sets(tmp_path)
    found = duplicate_limits.between("two", experiment(), tmp_path / "pairs.parquet", manifests)
    assert found["rule"] == RULE and found["openmoji"]
    assert [row["pairs"] for row in found["thresholds"]][4:9] == [0, 1, 1, 1, 2]
    (near,), (review,) = found["near"]["within"], found["near"]["beyond"]
    assert [picture["caption"] for picture in near["pictures"]] == ["a0", "b0"]
    assert [picture["caption"] for picture in review["pictures"]] == ["a1", "b0"]
    uris = [thumbnail_uri(bytes([shade]) * 3072) for shade in (1, 100)]
    assert [picture["uri"] for picture in review["pictures"]] == uris


@pytest.mark.parametrize("pictured", [[], ["a"], ["b"]])
def test_pairs_are_shown_only_where_both_sets_may_be(tmp_path, pictured):
    spec = experiment(pictured=pictured)
    found = duplicate_limits.between("two", spec, tmp_path / "pairs.parquet", two_sets(tmp_path))
    assert found["near"] is None and sum(row["pairs"] for row in found["thresholds"]) > 0


def test_a_target_from_one_set_has_no_pairs_of_its_own_to_show(tmp_path):
    assert duplicate_limits.between("one", experiment(), tmp_path / "no.parquet", {}) is None
