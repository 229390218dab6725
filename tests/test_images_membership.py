"""Members and nonmembers: cross-side duplicates dropped, kin joined, folds even, never empty."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from mia import tables
from mia.images import hashes, membership
from mia.stages import membership as stage

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


def blobs(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC)


def manifest(pictures):
    """Rows of (key, part, picture), further columns as a dict; failed where there is no picture."""
    rows = []
    for key, part, picture, *further in pictures:
        row = {"key": key, "part": part, "status": "not_found", "kept": False, "family": None}
        if picture is not None:
            row |= {
                "status": "success",
                "kept": True,
                "image_id": hashlib.sha256(picture.tobytes()).hexdigest(),
                "phash": hashes.perceptual_hash(picture),
                "phash_mirror": hashes.mirror_hash(picture),
                "thumbnail": hashes.thumbnail(picture),
            }
        row["group"] = key
        rows.append({**row, **(further[0] if further else {})})
    return pd.DataFrame(rows)


def brightened(picture):
    return Image.eval(picture, lambda level: min(255, level + 6))


@pytest.fixture
def ours():
    return manifest([(f"m{n:02d}", "member", blobs(n)) for n in range(12)])


@pytest.fixture
def theirs():
    fresh = [(f"n{n:02d}", "all", blobs(100 + n)) for n in range(8)]
    copies = [
        ("x1", "all", blobs(0)),
        ("x2", "all", brightened(blobs(1))),
        ("x3", "all", ImageOps.mirror(blobs(2))),
        ("x4", "all", None),
        ("x5", "other", blobs(200)),
    ]
    return manifest(fresh + copies)


def spec(**change):
    sides = {"members": ["ours", ["member"]], "nonmembers": ["theirs", ["all"]]}
    return {**sides, "duplicates": RULE, "match": "none", "seed": 0, **change}


def test_a_nonmember_that_copies_a_member_is_dropped_and_says_so(ours, theirs):
    rows = membership.build({"ours": ours, "theirs": theirs}, spec())
    assert rows.columns.tolist() == membership.COLUMNS
    assert rows[["set", "key"]].apply(tuple, axis=1).is_monotonic_increasing
    dropped = rows[~rows["kept"]].set_index("key")
    assert dropped["reason"].to_dict() == {
        "x1": "duplicate of member m00 of ours",
        "x2": "duplicate of member m01 of ours",
        "x3": "duplicate of member m02 of ours",
    }
    assert not dropped["member"].any()
    kept = rows[rows["kept"]]
    assert kept.groupby("member").size().to_dict() == {True: 12, False: 8}
    assert kept["image_id"].is_unique
    assert kept["reason"].eq("").all()


def test_folds_are_even_in_each_class_and_hold_whole_groups(ours, theirs):
    ours.loc[ours["key"].isin(["m03", "m04"]), "group"] = "m03"
    ours.loc[ours["key"] == "m05", "family"] = "kin"
    theirs.loc[theirs["key"].isin(["n00", "n01"]), "family"] = "kin"
    rows = membership.build({"ours": ours, "theirs": theirs}, spec())
    group = rows.set_index("key")["group"]
    assert group["m03"] == group["m04"]
    assert group["m05"] == group["n00"] == group["n01"]
    assert group["m00"] == group["x1"]
    assert group["m06"] != group["m07"]
    assert rows.groupby("group")["fold"].nunique().max() == 1
    kept = rows[rows["kept"]]
    counts = pd.crosstab(kept["member"], kept["fold"])
    assert (counts["calibration"] == counts["evaluation"]).all()


def test_the_seed_and_nothing_else_deals_the_folds(ours, theirs):
    manifests = {"ours": ours, "theirs": theirs}
    rows = membership.build(manifests, spec())
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in manifests.items()}
    pd.testing.assert_frame_equal(membership.build(shuffled, spec()), rows)
    assert (membership.build(manifests, spec(seed=1))["fold"] != rows["fold"]).any()


def test_equal_bytes_in_two_parts_of_a_side_count_once(ours, theirs):
    theirs.loc[theirs["key"] == "x5", "image_id"] = theirs.loc[0, "image_id"]
    both = spec(nonmembers=["theirs", ["all", "other"]])
    rows = membership.build({"ours": ours, "theirs": theirs}, both).set_index("key")
    assert rows.loc["x5", ["kept", "reason"]].tolist() == [False, "same picture as n00 of theirs"]


def test_both_sides_may_come_from_one_set(ours):
    ours["part"] = ["member", "rest"] * 6
    one = spec(nonmembers=["ours", ["rest"]])
    rows = membership.build({"ours": ours}, one)
    assert rows.groupby("member").size().to_dict() == {True: 6, False: 6}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"nonmembers": ["theirs", ["gone"]]},
            ["nonmembers: no picture is left", "theirs:gone: 0 rows"],
        ),
        (
            {"members": ["ours", ["gone"]]},
            ["members: no picture is left", "theirs:all: 12 rows, 11 downloaded, 11 kept"],
        ),
        (
            {"nonmembers": ["theirs", ["other"]]},
            ["nonmembers: 1 pictures in 1 group(s)", "two unrelated pictures"],
        ),
    ],
)
def test_impossible_targets_say_why(tmp_path, ours, theirs, change, expected):
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, {"ours": ours, "theirs": theirs}, spec(**change))
    message = str(caught.value)
    assert message.startswith("error: targets.t: ")
    assert all(words in message for words in expected), message
    assert not (tmp_path / "membership.parquet").exists()


def test_a_side_of_copies_only_is_empty_and_counted(tmp_path, ours):
    copies = manifest([("x1", "all", blobs(0)), ("x2", "all", blobs(1))])
    with pytest.raises(SystemExit) as caught:
        run(tmp_path, {"ours": ours, "theirs": copies}, spec())
    assert "2 rows, 2 downloaded, 2 kept by the manifest, 2 dropped here" in str(caught.value)


def with_channels(table):
    """The columns that matching reads, drawn at random, alike on both sides."""
    rng, n = np.random.default_rng(len(table)), len(table)
    return table.assign(
        caption=rng.choice(["a cat", "two dogs", "the red house"], n),
        url="http://a.example/x",
        width=rng.integers(40, 60, n),
        height=40,
        bytes=rng.integers(900, 1200, n),
        jpeg_quality=None,
        jpeg_sampling=None,
        has_exif=0,
        format="PNG",
        mode="RGB",
        stat_edges=rng.random(n),
    )


@pytest.mark.parametrize("match", ["propensity", "bins", "hard"])
def test_a_matched_target_has_a_third_fold_and_says_who_found_no_match(tmp_path, match):
    ours = with_channels(manifest([(f"m{n:02d}", "member", blobs(n)) for n in range(40)]))
    theirs = with_channels(manifest([(f"n{n:02d}", "all", blobs(90 + n)) for n in range(60)]))
    rows = run(tmp_path, {"ours": ours, "theirs": theirs}, spec(match=match))
    assert rows.columns.tolist() == membership.COLUMNS
    counts = pd.crosstab(rows["member"], rows["fold"])
    assert counts.loc[True, ["fit", "calibration", "evaluation"]].tolist() == [8, 16, 16]
    assert counts.loc[False, ["fit", "calibration", "evaluation"]].tolist() == [12, 24, 24]
    assert rows.loc[rows["fold"] == "fit", "kept"].all()
    left_out = rows[~rows["kept"]]
    assert left_out["reason"].str.startswith("unmatched: ").all()
    if match != "hard":
        kept = rows[rows["kept"] & (rows["fold"] != "fit")]
        sides = pd.crosstab(kept["fold"], kept["member"])
        assert (sides[True] == sides[False]).all()


def test_too_few_pictures_to_match_are_an_error(tmp_path, ours):
    two = with_channels(manifest([("x1", "all", blobs(70)), ("x2", "all", blobs(71))]))
    with pytest.raises(SystemExit, match="fit and calibration and evaluation; expected three"):
        run(tmp_path, {"ours": with_channels(ours), "theirs": two}, spec(match="bins"))


def test_the_stage_writes_what_the_library_returns(tmp_path, ours, theirs):
    manifests = {"ours": ours, "theirs": theirs}
    written = run(tmp_path, manifests, spec())
    pd.testing.assert_frame_equal(written, membership.build(manifests, spec()))


def run(tmp_path, manifests, spec):
    paths = []
    for name, table in manifests.items():
        paths.append(str(tmp_path / f"{name}.parquet"))
        tables.write(table, paths[-1])
    output = tmp_path / "membership.parquet"
    stage.main(
        ["--name", "t", "--manifests", *paths, "--spec", json.dumps(spec), "--output", str(output)]
    )
    return tables.read(output)
