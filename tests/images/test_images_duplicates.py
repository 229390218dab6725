"""Duplicates: known pairs, a naive search, and OpenMoji's skin tones as ground truth."""

import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from mia.images import hashes
from mia.images.duplicates import hash_search
from mia.images.duplicates.components import components
from mia.images.duplicates.pairs import matches, pairs_within
from mia.images.duplicates.representatives import representatives
from mia.images.pictures import open_picture, to_rgb
from mia.images.sources.shared import openmoji, openmoji_families

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


def table(pictures, part=""):
    """Rows of images given by key."""
    rows = []
    for key, picture in sorted(pictures.items()):
        rgb = to_rgb(picture)
        rows.append(
            {
                "key": key,
                "part": part,
                "image_id": hashlib.sha256(rgb.tobytes()).hexdigest(),
                "phash": hashes.perceptual_hash(rgb),
                "phash_mirror": hashes.mirror_hash(rgb),
                "thumbnail": hashes.thumbnail(rgb),
            }
        )
    return pd.DataFrame(rows)


def blobs(seed, size=64):
    """A image of soft blobs, unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def same_only(pairs):
    return pairs[pairs["kind"] != "review"]


def recompressed(picture):
    buffer = io.BytesIO()
    picture.resize((48, 48)).save(buffer, "JPEG", quality=50)
    return Image.open(buffer)


@pytest.fixture
def family():
    first = blobs(1)
    return {
        "a": first,
        "b": first.copy(),
        "c": recompressed(first),
        "d": ImageOps.mirror(first),
        "e": blobs(2),
        "f": Image.eval(first, lambda level: 255 - level),
    }


def test_exact_near_and_mirror_pairs_and_nothing_else(family):
    found = same_only(pairs_within(table(family), RULE))
    kinds = {(row.key_a, row.key_b): row.kind for row in found.itertuples()}
    assert kinds == {
        ("a", "b"): "exact",
        ("a", "c"): "near",
        ("a", "d"): "mirror",
        ("c", "d"): "mirror",
    }
    assert (found["distance"] <= 6).all()
    assert found.loc[found["kind"] == "exact", "rmse"].eq(0).all()


def test_equal_bytes_in_two_parts_are_compared_in_both(family):
    both = pd.concat(
        [table({"a": family["a"]}, "x"), table({"b": family["b"], "c": family["c"]}, "y")]
    )
    found = same_only(pairs_within(both, RULE))
    assert list(zip(found["key_a"], found["key_b"], found["kind"], strict=True)) == [
        ("a", "b", "exact"),
        ("a", "c", "near"),
        ("b", "c", "near"),
    ]


def test_two_tables_are_compared_by_the_same_rule(family):
    everything = table(family)
    left, right = everything.iloc[:1], everything.iloc[1:]
    found = same_only(matches(left, right, RULE))
    assert right["key"].iloc[found["b"]].tolist() == ["b", "c", "d"]
    assert found["kind"].tolist() == ["exact", "near", "mirror"]
    swapped = same_only(matches(right, left, RULE))
    pd.testing.assert_frame_equal(
        swapped.rename(columns={"a": "b", "b": "a"})[found.columns], found
    )


def test_an_empty_side_has_no_duplicates(family):
    everything = table(family)
    assert not len(matches(everything, everything.iloc[:0], RULE))
    assert not len(pairs_within(everything.iloc[:0], RULE))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("search", [hash_search.by_numpy, hash_search.by_faiss])
def test_every_search_equals_a_naive_one(monkeypatch, search, own):
    monkeypatch.setattr(hash_search, "COMPARISONS_AT_ONCE", 700)
    monkeypatch.setattr(hash_search, "QUERIES_AT_ONCE", 17)
    generator = np.random.default_rng(0)
    left = generator.integers(0, 2**12, 90, dtype=np.uint64) << np.uint64(50)
    right = left if own else generator.integers(0, 2**12, 50, dtype=np.uint64) << np.uint64(50)
    expected = [
        (i, j, (int(x) ^ int(y)).bit_count())
        for i, x in enumerate(left)
        for j, y in enumerate(right)
        if (int(x) ^ int(y)).bit_count() <= 2 and (i < j or not own)
    ]
    found = search(left, right, 2, own)
    assert [column.dtype for column in found] == [np.int64] * 3
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("limit", [0, 6, 20, 64])
def test_both_searches_find_the_same(limit, own):
    generator = np.random.default_rng(limit)
    left = generator.integers(0, 2**64, 300, dtype=np.uint64, endpoint=False)
    flips = np.bitwise_or.reduce(np.uint64(1) << generator.integers(0, 64, (6, 300), np.uint64))
    left = np.concatenate([left, left[:50], left ^ flips])
    right = left if own else left[::-2]
    one, other = (f(left, right, limit, own) for f in (hash_search.by_numpy, hash_search.by_faiss))
    assert len(one[0]) > 0
    for expected, found in zip(one, other, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("search", [hash_search.by_numpy, hash_search.by_faiss])
def test_an_empty_side_has_no_close_hash(search):
    some, none = np.arange(3, dtype=np.uint64), np.empty(0, np.uint64)
    for left, right in ((some, none), (none, some), (none, none)):
        assert [len(column) for column in search(left, right, 4, False)] == [0, 0, 0]


def test_large_searches_go_to_faiss(monkeypatch):
    monkeypatch.setattr(hash_search, "FAISS_FROM", 9)
    monkeypatch.setattr(hash_search, "by_numpy", None)
    few = np.arange(3, dtype=np.uint64)
    assert hash_search.close_hashes(few, few, 1, True)[2].tolist() == [1, 1]
    with pytest.raises(TypeError):
        hash_search.close_hashes(few[:2], few, 1, False)


def shade(*greys):
    """A image of equal vertical stripes, kept as a thumbnail."""
    row = np.repeat(np.array(greys, np.uint8), 32 // len(greys))
    return np.broadcast_to(row[None, :, None], (32, 32, 3))


def test_a_chain_drops_nothing_that_no_kept_picture_resembles():
    """A ~ B ~ C ~ D, each like the next; A and C are 0.2 apart, A and D 0.3."""
    chain = np.stack([shade(grey) for grey in (51, 76, 102, 128)])
    links = np.array([0, 1, 2]), np.array([1, 2, 3])
    first, direct = representatives(chain, *links, 0)
    assert first.tolist() == [0, 0, 2, 2]
    assert direct.all()
    first, direct = representatives(chain, *links, 0.25)
    assert first.tolist() == [0, 0, 0, 3]
    assert direct.tolist() == [True, True, False, True]
    first, _ = representatives(chain, *links, 1)
    assert first.tolist() == [0, 0, 0, 0]


def test_a_middle_that_comes_first_stands_for_both_ends():
    chain = np.stack([shade(grey) for grey in (76, 51, 102)])
    first, direct = representatives(chain, np.array([0, 0]), np.array([1, 2]), 0)
    assert first.tolist() == [0, 0, 0] and direct.all()


def test_links_go_to_the_nearest_kept_picture_either_way_round():
    one, other = shade(0, 0, 0, 40), shade(255, 255, 255, 255)
    pictures = np.stack([other, one, shade(120, 130, 120, 130), shade(40, 0, 0, 0)])
    links = np.array([0, 1, 2]), np.array([2, 2, 3])
    first, direct = representatives(pictures, *links, 0.05)
    assert first.tolist() == [0, 1, 0, 1]
    assert direct.tolist() == [True, True, True, False]


def test_unconnected_pictures_are_never_linked():
    same = np.stack([shade(10)] * 3)
    first, _ = representatives(same, np.array([0]), np.array([1]), 1)
    assert first.tolist() == [0, 0, 2]


def test_pairs_a_little_beyond_the_rule_are_for_review(family):
    pictures = table(family)
    near = pairs_within(pictures, RULE)
    at = near[(near["key_a"] == "a") & (near["key_b"] == "c")].iloc[0]
    distance, rmse = int(at["distance"]), float(at["rmse"])
    assert rmse > 0 and distance <= 4

    def kind(**rule):
        found = pairs_within(pictures, {**RULE, "mirror_rmse": 0, **rule})
        found = found[(found["key_a"] == "a") & (found["key_b"] == "c")]
        return found["kind"].tolist()

    assert kind(rmse=rmse) == ["near"]
    assert kind(rmse=rmse / 1.4) == ["review"]
    assert kind(rmse=rmse / 1.6) == []
    hashed = pictures.assign(phash=["0" * 16, "0" * 16, "000000000000ffff", *pictures["phash"][3:]])
    for limit, expected in ((16, ["near"]), (15, ["review"]), (12, ["review"]), (11, [])):
        found = pairs_within(hashed, {**RULE, "phash": limit})
        found = found[(found["key_a"] == "a") & (found["key_b"] == "c")]
        assert found["kind"].tolist() == expected


def test_the_order_of_rows_changes_no_component():
    a, b = np.array([5, 2, 7]), np.array([2, 9, 0])
    assert components(10, a, b).tolist() == [0, 1, 2, 3, 4, 2, 6, 0, 8, 2]
    assert components(10, b, a).tolist() == [0, 1, 2, 3, 4, 2, 6, 0, 8, 2]


@pytest.fixture(scope="module")
def emoji():
    pictures = {code: open_picture(openmoji.render(code), 10_000) for code in openmoji.codes()}
    return table(pictures)


def test_skin_tones_are_found_and_few_others_merged(emoji, record_property):
    """Recall: variants grouped with their base. Precision: pairs in one group that are one concept,
    the emoji without skin tone and gender."""
    found = same_only(matches(emoji, None, RULE))
    group = pd.Series(components(len(emoji), found["a"], found["b"]))
    family, concept = (
        emoji["key"].map(openmoji_families.family),
        emoji["key"].map(openmoji_families.concept),
    )
    variant = emoji["key"].map(openmoji_families.has_skin_tone)
    base = group[~variant].groupby(family[~variant]).first()
    recall = (group[variant] == family[variant].map(base)).mean()
    precision = pairs_alike(group, concept) / pairs_alike(group)
    record_property("recall_of_skin_tones", round(float(recall), 3))
    record_property("concept_precision", round(float(precision), 3))
    print(f"recall of skin tones {recall:.3f}, concept precision {precision:.3f}")
    assert variant.sum() == 2030
    assert recall >= 0.80
    assert precision >= 0.75


def pairs_alike(*labels):
    """Number of pairs of rows that agree in every label."""
    sizes = pd.concat(labels, axis=1, keys=range(len(labels))).value_counts()
    return int((sizes * (sizes - 1) // 2).sum())


def test_rendered_emoji_fill_their_frame(emoji):
    thumbnails = hashes.thumbnails(emoji["thumbnail"].tolist())
    inked = (thumbnails < 250).any(axis=3)
    assert inked.any(axis=(1, 2)).all(), "a image is blank"
    reaches = inked[:, :4].any(axis=(1, 2)) | inked[:, :, :4].any(axis=(1, 2))
    assert reaches.mean() > 0.8, "the margin was not cut off"


def test_every_emoji_has_a_caption_and_a_toneless_relative():
    codes = openmoji.codes()
    bases = {
        openmoji_families.family(code)
        for code in codes
        if not openmoji_families.has_skin_tone(code)
    }
    assert {openmoji_families.family(code) for code in codes} == bases
    assert all(openmoji.caption(code).strip() for code in codes)
    listed = set(openmoji._names())
    assert listed == {code for code in codes if not openmoji.standard_name(code)}
