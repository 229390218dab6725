"""Duplicates: known pairs, a naive search, and OpenMoji's skin tones as ground truth."""

import hashlib
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from mia.images import duplicates, hashes, openmoji, openmoji_kin
from mia.images.pictures import open_picture, to_rgb

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


def table(pictures, part=""):
    """Rows of pictures given by key."""
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
    """A picture of soft blobs, unlike that of any other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


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
    found = duplicates.pairs_within(table(family), RULE)
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
    found = duplicates.pairs_within(both, RULE)
    assert list(zip(found["key_a"], found["key_b"], found["kind"], strict=True)) == [
        ("a", "b", "exact"),
        ("a", "c", "near"),
        ("b", "c", "near"),
    ]


def test_two_tables_are_compared_by_the_same_rule(family):
    everything = table(family)
    left, right = everything.iloc[:1], everything.iloc[1:]
    found = duplicates.matches(left, right, RULE)
    assert right["key"].iloc[found["b"]].tolist() == ["b", "c", "d"]
    assert found["kind"].tolist() == ["exact", "near", "mirror"]
    swapped = duplicates.matches(right, left, RULE)
    pd.testing.assert_frame_equal(
        swapped.rename(columns={"a": "b", "b": "a"})[found.columns], found
    )


def test_an_empty_side_has_no_duplicates(family):
    everything = table(family)
    assert not len(duplicates.matches(everything, everything.iloc[:0], RULE))
    assert not len(duplicates.pairs_within(everything.iloc[:0], RULE))


@pytest.mark.parametrize("own", [True, False])
def test_blockwise_search_equals_a_naive_one(monkeypatch, own):
    monkeypatch.setattr(duplicates, "COMPARISONS_AT_ONCE", 700)
    generator = np.random.default_rng(0)
    left = generator.integers(0, 2**12, 90, dtype=np.uint64)
    right = left if own else generator.integers(0, 2**12, 50, dtype=np.uint64)
    expected = [
        (i, j, (int(x) ^ int(y)).bit_count())
        for i, x in enumerate(left)
        for j, y in enumerate(right)
        if (int(x) ^ int(y)).bit_count() <= 2 and (i < j or not own)
    ]
    found = duplicates.close_hashes(left, right, 2, own)
    assert sorted(zip(*(column.tolist() for column in found), strict=True)) == expected


def test_the_order_of_rows_changes_no_component():
    a, b = np.array([5, 2, 7]), np.array([2, 9, 0])
    assert duplicates.components(10, a, b).tolist() == [0, 1, 2, 3, 4, 2, 6, 0, 8, 2]
    assert duplicates.components(10, b, a).tolist() == [0, 1, 2, 3, 4, 2, 6, 0, 8, 2]


@pytest.fixture(scope="module")
def emoji():
    pictures = {code: open_picture(openmoji.render(code), 10_000) for code in openmoji.codes()}
    return table(pictures)


def test_skin_tones_are_found_and_few_others_merged(emoji, record_property):
    """Recall: variants grouped with their base. Precision: pairs in one group that are one concept,
    the emoji without skin tone and gender."""
    found = duplicates.matches(emoji, None, RULE)
    group = pd.Series(duplicates.components(len(emoji), found["a"], found["b"]))
    family, concept = emoji["key"].map(openmoji_kin.family), emoji["key"].map(openmoji_kin.concept)
    variant = emoji["key"].map(openmoji_kin.has_skin_tone)
    base = group[~variant].groupby(family[~variant]).first()
    recall = (group[variant] == family[variant].map(base)).mean()
    precision = pairs_alike(group, concept) / pairs_alike(group)
    record_property("recall_of_skin_tones", round(recall, 3))
    record_property("concept_precision", round(precision, 3))
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
    assert inked.any(axis=(1, 2)).all(), "a picture is blank"
    reaches = inked[:, :4].any(axis=(1, 2)) | inked[:, :, :4].any(axis=(1, 2))
    assert reaches.mean() > 0.8, "the margin was not cut off"


def test_every_emoji_has_a_caption_and_a_toneless_relative():
    codes = openmoji.codes()
    bases = {openmoji_kin.family(code) for code in codes if not openmoji_kin.has_skin_tone(code)}
    assert {openmoji_kin.family(code) for code in codes} == bases
    assert all(openmoji.caption(code).strip() for code in codes)
    listed = set(openmoji._names())
    assert listed == {code for code in codes if not openmoji.standard_name(code)}
