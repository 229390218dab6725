"""Embeddings of known training images: read in blocks, compared by cosine, refused where bad."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mia import storage
from mia.images import hashes
from mia.images.duplicates import cosine_search
from mia.report.pages.known_index import index_counts
from mia.stages import membership as stage
from mia.targets import known_vectors, membership, sufficiency
from mia.targets.known_pictures import Index
from mia.targets.known_vectors import KnownVectors

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05, "embedding": {"review": 0.6, "drop": 0.9}}
SIDES = {"members": ["ours", ["all"]], "nonmembers": ["theirs", ["all"]]}


def at(degrees, length=1):
    """A vector in the plane."""
    return (length * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])).tolist()


def index(path, vectors, kind=None):
    """A table of embeddings and of something else, as its owner might have written it."""
    column = pa.array(vectors, kind or pa.list_(pa.float32()))
    pq.write_table(pa.table({"name": pa.array(range(len(vectors))), "clip": column}), path)
    return KnownVectors(str(path), "clip")


def pictures(letter, first, angles):
    """A manifest of images unlike by hash, with embeddings at given angles."""
    rows = []
    for n, angle in enumerate(angles):
        coarse = np.random.default_rng(first + n).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        rgb = Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC)
        row = {"key": f"{letter}{n}", "part": "all", "status": "success", "kept": True}
        row |= {"family": None, "group": f"{letter}{n}", "image_id": f"{first + n:064x}"}
        row |= {"phash": hashes.perceptual_hash(rgb), "phash_mirror": hashes.mirror_hash(rgb)}
        row |= {"thumbnail": hashes.thumbnail(rgb), "caption": f"{letter}{n}"}
        row |= {"embedding": np.array(at(angle), np.float32).tobytes()}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch):
    """Six images a side show what is near; an attack would need more of them."""
    monkeypatch.setattr(sufficiency, "can_show_anything", lambda members, nonmembers: True)


@pytest.fixture
def manifests():
    """No member is near a nonmember: cos 60° = 0.5 is below review."""
    ours = pictures("m", 0, [0, 2, 4, 6, 8, 50])
    theirs = pictures("n", 50, [110, 130, 150, 170, 190, 210])
    return {"ours": ours, "theirs": theirs}


LISTS = [pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.float32(), 2)]
LISTS += [pa.list_(pa.float16())]


@pytest.mark.parametrize("kind", LISTS, ids=str)
def test_vectors_come_in_blocks_at_length_one_with_their_rows(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(known_vectors, "VECTORS_AT_ONCE", 2)
    given = [at(0), None, at(90, 3), None, None, at(180, 0.5), at(270, 100)]
    if pa.types.is_float16(kind.value_type):
        given = [None if v is None else list(map(np.float16, v)) for v in given]
    blocks = list(index(tmp_path / "known.parquet", given, kind).blocks(2))
    assert [rows.tolist() for rows, _ in blocks] == [[0], [2], [5], [6]]
    found = np.concatenate([vectors for _, vectors in blocks])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [at(0), at(90), at(180), at(270)], atol=1e-3)


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        ([at(0), None, [1.0, 2.0, 3.0]], ", row 2: 3 numbers; expected 2, as the image set's "),
        ([at(0), []], ", row 1: 0 numbers; expected 2"),
        ([None, at(0), [float("nan"), 1.0]], ", row 2: a number that is not finite"),
        ([at(0), [float("inf"), 1.0]], ", row 1: a number that is not finite"),
        ([at(0), [None, 1.0]], ", row 1: a number that is not finite"),
        ([at(0), at(1), at(2), [0.0, 0.0]], ", row 3: a vector of length 0"),
        ([None, None], ": no embedding in 2 rows"),
        ([], ": no embedding in 0 rows"),
    ],
)
def test_a_bad_vector_is_an_error_with_its_row(tmp_path, monkeypatch, manifests, vectors, said):
    monkeypatch.setattr(known_vectors, "VECTORS_AT_ONCE", 2)
    path = tmp_path / "known.parquet"
    index(path, vectors)
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, manifests, path)
    assert str(caught.value).startswith(f"error: targets.t: {path}, column 'clip'{said}")
    assert not (tmp_path / "membership.parquet").exists()


def test_a_number_too_large_for_float32_is_not_finite(tmp_path):
    known = index(tmp_path / "known.parquet", [at(0), at(0, 1e300)], pa.list_(pa.float64()))
    with pytest.raises(ValueError, match="row 1: a number that is not finite"):
        list(known.blocks(2))


def test_a_column_of_something_else_is_refused_before_it_is_read(tmp_path):
    pq.write_table(pa.table({"clip": [[1, 2]], "text": ["a"]}), tmp_path / "known.parquet")
    for column, held in (("clip", "list<"), ("text", "string")):
        with pytest.raises(ValueError, match=rf"column '{column}': holds {held}.* one list of"):
            KnownVectors(str(tmp_path / "known.parquet"), column)
    with pytest.raises(ValueError, match=r"known\.parquet: no column 'clap'"):
        KnownVectors(str(tmp_path / "known.parquet"), "clap")


def test_memory_does_not_grow_with_the_index(tmp_path, monkeypatch):
    """32 MB in one row group, as large tables often have it."""
    monkeypatch.setattr(known_vectors, "READ_AT_ONCE", 2**16)
    monkeypatch.setattr(known_vectors, "VECTORS_AT_ONCE", 256)
    values = np.random.default_rng(0).standard_normal(2**23, dtype=np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 256)
    pq.write_table(pa.table({"clip": lists}), tmp_path / "known.parquet")
    del lists
    blocks = KnownVectors(str(tmp_path / "known.parquet"), "clip").blocks(256)
    before = pa.total_allocated_bytes()
    held, seen = zip(
        *((pa.total_allocated_bytes() - before, len(rows)) for rows, _ in blocks), strict=True
    )
    assert sum(seen) == 2**15
    assert max(held) < values.nbytes / 4


@pytest.mark.parametrize("at_once", [1, 5, 16_000_000])
def test_the_nearest_of_many_is_that_of_a_plain_comparison(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(cosine_search, "ENTRIES_AT_ONCE", at_once)
    monkeypatch.setattr(known_vectors, "VECTORS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    ours, theirs = (rng.standard_normal((n, 5)).astype(np.float32) for n in (9, 40))
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    known = index(tmp_path / "known.parquet", theirs.tolist())
    count, cosine, row = cosine_search.nearest(ours, known.blocks(5), 0.7)
    expected = ours @ (theirs / np.linalg.norm(theirs, axis=1, keepdims=True)).T
    near = expected.max(axis=1) >= 0.7
    assert 0 < near.sum() < 9
    assert count.tolist() == (expected >= 0.7).sum(axis=1).tolist()
    assert row[near].tolist() == expected.argmax(axis=1)[near].tolist()
    np.testing.assert_allclose(cosine[near], expected.max(axis=1)[near], atol=1e-6)
    assert np.isnan(cosine[~near]).all() and (row[~near] == -1).all()


def run(tmp_path, manifests, path, **change):
    """Membership by the real stage."""
    named = {"path": str(path), "embedding": "clip", "embedding_model": "0" * 64}
    spec = {
        **SIDES,
        "duplicates": RULE,
        "match": "none",
        "seed": 0,
        "design": "all",
        "known": named,
        **change,
    }
    for name, table in manifests.items():
        storage.write(table, tmp_path / f"{name}.parquet")
    arguments = ["--name", "t", "--settings", json.dumps(spec), "--known", str(path)]
    arguments += ["--manifests", *(str(tmp_path / f"{name}.parquet") for name in manifests)]
    arguments += ["--membership", str(tmp_path / "membership.parquet")]
    stage.main([*arguments, "--pairs", str(tmp_path / "pairs.parquet")])
    return storage.read(tmp_path / "membership.parquet").set_index("key")


def test_what_an_embedding_finds_is_dropped_and_what_it_is_unsure_of_is_recorded(
    tmp_path, capsys, manifests
):
    """Entries at 60° and 235°; m5 at 50° and n5 at 210° are 10° and 25° away (0.985, 0.906); m4 at
    8° and n4 at 190° 52° and 45° (0.616, 0.707); m3 at 6° is 54° away (0.588), n3 at 170° 65°, n0
    at 110° 50° (0.643)."""
    path = tmp_path / "known.parquet"
    index(path, [None, at(60, 7), at(235)])
    rows = run(tmp_path, manifests, path)
    assert rows.index[rows["in_index"]].tolist() == ["m5", "n5"]
    struck = rows[~rows["kept"]]
    assert struck["reason"].to_dict() == {"n5": "in the known training index"}
    near = rows[rows["index_cosine"].notna()]
    expected = {"m4": (0.616, 1), "m5": (0.985, 1), "n0": (0.643, 1), "n4": (0.707, 2)}
    expected |= {"n5": (0.906, 2)}
    assert near.index.tolist() == list(expected)
    assert near["index_row"].tolist() == [row for _, row in expected.values()]
    cosines = [cosine for cosine, _ in expected.values()]
    np.testing.assert_allclose(near["index_cosine"], cosines, atol=1e-3)
    assert rows["index_row"].isna().sum() == len(rows) - len(near)
    assert index_counts(rows) == {"members": (1, 1, 6), "nonmembers": (1, 2, 6)}
    said = capsys.readouterr().err
    assert "members: 6 of 6 kept (100.0%), 1 in the known training index, 1 near it" in said
    assert "nonmembers: 5 of 6 kept (83.3%), 1 in the known training index, 2 near it" in said


def test_hashes_and_embeddings_of_one_index_are_both_asked(tmp_path, manifests):
    path = tmp_path / "known.parquet"
    table = pa.table(
        {
            "clip": pa.array([None, at(225)], pa.list_(pa.float32())),
            "hash": [manifests["theirs"].loc[0, "phash"], None],
        }
    )
    pq.write_table(table, path)
    named = {"path": str(path), "embedding": "clip", "phash": "hash", "embedding_model": "0" * 64}
    rows = run(tmp_path, manifests, path, known=named)
    assert rows.index[rows["in_index"]].tolist() == ["n0", "n5"]
    assert np.isnan(rows.loc["n0", "index_cosine"])


def test_isolation_asks_the_embeddings_of_the_index_but_not_a_members_own(tmp_path):
    """Members every 40° from 0°, nonmembers between them; near is 15°, the same image 8.1°.

    m1 at 40° and m2 at 80° have entries of their own; the entry at 50° is near m1 and n1 (60°),
    that at 232° near n5 (220°)."""
    ours, theirs = (list(range(start, start + 240, 40)) for start in (0, 20))
    manifests = {"ours": pictures("m", 0, ours), "theirs": pictures("n", 50, theirs)}
    path = tmp_path / "known.parquet"
    index(path, [at(40), at(50), at(80), at(232)])
    change = {"duplicates": {**RULE, "embedding": {"review": 0.9, "drop": 0.99}}}
    change |= {"isolate": {"embedding": float(np.cos(np.deg2rad(15)))}}
    rows = run(tmp_path, manifests, path, **change)
    struck = rows[~rows["kept"]]
    assert struck.index.tolist() == ["m1", "n1", "n5"]
    assert struck["reason"].eq("near another image of the training set").all()
    assert rows.index[rows["in_index"]].tolist() == ["m1", "m2"]


def test_an_index_without_vectors_leaves_the_table_as_it_was(manifests):
    spec = {**SIDES, "duplicates": RULE, "match": "none", "seed": 0, "design": "all"}
    known = Index(pd.DataFrame({"sha256": [f"{50:064x}"]}))
    rows, _ = membership.build(manifests, spec, known=known)
    assert rows.columns.tolist() == [*membership.COLUMNS, "in_index"]
    assert rows.loc[rows["in_index"], "key"].tolist() == ["n0"]
    assert index_counts(rows) == {"members": (0, None, 6), "nonmembers": (1, None, 6)}
