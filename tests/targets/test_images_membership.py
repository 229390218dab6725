"""Members and nonmembers: cross-side duplicates dropped, groups joined, folds even, never empty."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from made_membership import RULE, blobs, manifest, run
from mia import storage
from mia.targets import membership
from mia.targets.known_pictures import Index

ISOLATED = "near another image of the training set"


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
    return {**sides, "duplicates": RULE, "match": "none", "seed": 0, "design": "all"} | change


def built(manifests, spec, known=None):
    """The membership alone; `known` as a table of hashes."""
    known = None if known is None else Index(known)
    return membership.build(manifests, spec, known=known)[0]


def test_a_nonmember_that_copies_a_member_is_dropped_and_says_so(ours, theirs):
    rows = built({"ours": ours, "theirs": theirs}, spec())
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
    rows = built({"ours": ours, "theirs": theirs}, spec())
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
    rows = built(manifests, spec())
    shuffled = {name: table.sample(frac=1, random_state=1) for name, table in manifests.items()}
    pd.testing.assert_frame_equal(built(shuffled, spec()), rows)
    assert (built(manifests, spec(seed=1))["fold"] != rows["fold"]).any()


def test_equal_bytes_in_two_parts_of_a_side_count_once(ours, theirs):
    theirs.loc[theirs["key"] == "x5", "image_id"] = theirs.loc[0, "image_id"]
    both = spec(nonmembers=["theirs", ["all", "other"]])
    rows = built({"ours": ours, "theirs": theirs}, both).set_index("key")
    assert rows.loc["x5", ["kept", "reason"]].tolist() == [False, "same image as n00 of theirs"]


def test_both_sides_may_come_from_one_set():
    parts = ["member", "rest"] * 8
    ours = manifest([(f"m{n:02d}", part, blobs(n)) for n, part in enumerate(parts)])
    rows = built({"ours": ours}, spec(nonmembers=["ours", ["rest"]]))
    assert rows.groupby("member").size().to_dict() == {True: 8, False: 8}


def test_a_nonmember_like_a_learnt_picture_that_was_not_kept_is_dropped(ours, theirs):
    unkept = manifest([("m99", "member", blobs(100), {"kept": False, "group": "m07"})])
    manifests = {"ours": pd.concat([ours, unkept], ignore_index=True), "theirs": theirs}
    trained_here = built(manifests, spec(learnt="kept")).set_index("key")
    assert trained_here.loc["n00", "kept"] and "m99" not in trained_here.index
    elsewhere = built(manifests, spec(learnt="all")).set_index("key")
    reason = "duplicate of member m99 of ours"
    assert elsewhere.loc["n00", ["kept", "reason"]].tolist() == [False, reason]
    assert elsewhere.loc["n00", "group"] == elsewhere.loc["m07", "group"] == "ours:m07"
    assert "m99" not in elsewhere.index
    _, pairs = membership.build(manifests, spec(learnt="all"))
    assert ("m99", "n00") in set(zip(pairs["key_a"], pairs["key_b"], strict=True))


def lightened(picture, by):
    return Image.eval(picture, lambda level: min(255, level + by))


def test_pairs_of_two_sets_are_recorded_those_for_review_too(ours, theirs):
    """40 levels lighter: the same hash, and a difference of up to 40 / 255 = 0.157, above 0.15."""
    flat = Image.eval(blobs(4), lambda level: 100 + level // 4)
    ours = pd.concat([ours[ours["key"] != "m04"], manifest([("m04", "member", flat)])])
    near = manifest([("y0", "all", lightened(flat, 40)), ("y1", "all", lightened(flat, 70))])
    theirs = pd.concat([theirs, near], ignore_index=True)
    rows, pairs = membership.build({"ours": ours, "theirs": theirs}, spec())
    assert pairs.columns.tolist() == membership.PAIRS
    found = pairs.set_index(["key_a", "key_b"])
    assert found["kind"].to_dict() == {
        ("m00", "x1"): "exact",
        ("m01", "x2"): "near",
        ("m02", "x3"): "mirror",
        ("m04", "y0"): "review",
    }
    assert found["set_a"].eq("ours").all() and found["set_b"].eq("theirs").all()
    assert found["part_a"].eq("member").all() and found["part_b"].eq("all").all()
    review = found.loc[("m04", "y0")]
    assert (review["distance"], review["mirrored"]) == (0, False)
    assert review["rmse"] == pytest.approx(40 / 255)
    assert review["image_id_b"] == near.loc[0, "image_id"]
    of_y0 = rows.set_index("key").loc["y0"]
    assert of_y0["kept"] and of_y0["group"] == "theirs:y0"


def test_without_pairs_there_is_an_empty_table(tmp_path, ours, theirs):
    run(tmp_path, {"ours": ours, "theirs": theirs[:8]}, spec())
    pairs = storage.read(tmp_path / "target-pairs.parquet")
    assert pairs.columns.tolist() == membership.PAIRS and not len(pairs)


def flipped(text, bits, lowest=0):
    """A hash with so many bits flipped, from the lowest given."""
    return f"{int(text, 16) ^ (2**bits - 1 << lowest):016x}"


def give(table, key, phash):
    table.loc[table["key"] == key, ["phash", "phash_mirror"]] = [phash, "0f" * 8]


def test_isolation_is_one_rule_for_both_sides(ours, theirs):
    """Near m04: m05 by 8 bits, n00 by 9, n01 by 10; near n03 only n02, a nonmember."""
    of_m04 = ours.loc[4, "phash"]
    give(ours, "m05", flipped(of_m04, 8))
    give(theirs, "n00", flipped(of_m04, 9, lowest=16))
    give(theirs, "n01", flipped(of_m04, 10, lowest=32))
    give(theirs, "n02", flipped(theirs.loc[3, "phash"], 1))
    manifests = {"ours": ours, "theirs": theirs}
    plain = built(manifests, spec())
    assert (~plain["kept"]).sum() == 3
    found = {7: [], 8: ["m04", "m05"], 9: ["m04", "m05", "n00"], 10: ["m04", "m05", "n00", "n01"]}
    for limit, expected in found.items():
        rows = built(manifests, spec(isolate={"phash": limit})).set_index("key")
        struck = rows[rows["reason"] == ISOLATED]
        assert struck.index.tolist() == expected
        assert not struck["kept"].any()
        others = plain.set_index("key")["reason"].drop(expected)
        assert rows["reason"].drop(expected).equals(others)


def test_a_member_is_no_neighbour_of_its_own_copy(ours, theirs):
    copy = ours[ours["key"] == "m04"].assign(key="m98", kept=False)
    manifests = {"ours": pd.concat([ours, copy], ignore_index=True), "theirs": theirs}
    rows = built(manifests, spec(isolate={"phash": 4}, learnt="all")).set_index("key")
    assert rows.loc["m04", "kept"]


def test_nonmembers_in_the_index_are_dropped_and_members_counted(ours, theirs):
    more = manifest([(f"n{n}", "all", blobs(100 + n)) for n in range(20, 24)])
    theirs = pd.concat([theirs, more], ignore_index=True)
    known = pd.DataFrame(
        {
            "phash": [
                flipped(theirs.loc[0, "phash"], 6),
                flipped(theirs.loc[1, "phash"], 7),
                theirs.loc[2, "phash_mirror"],
                ours.loc[6, "phash"],
                None,
            ],
            "sha256": [None, None, None, None, theirs.loc[3, "image_id"]],
        }
    )
    rows = built({"ours": ours, "theirs": theirs}, spec(), known=known).set_index("key")
    struck = rows[rows["reason"] == "in the known training index"]
    assert struck.index.tolist() == ["n00", "n02", "n03"] and not struck["kept"].any()
    assert rows.index[rows["in_index"]].tolist() == ["m06", "n00", "n02", "n03"]
    assert rows.loc["m06", "kept"]
    only = built({"ours": ours, "theirs": theirs}, spec(), known=known[["sha256"]])
    assert only.loc[only["in_index"], "key"].tolist() == ["n03"]


def test_isolation_counts_the_index_but_not_a_members_own_entry(ours, theirs):
    """m06 has its own entry, m07 its own and a neighbour's; n04 has a neighbour 9 bits away."""
    m06, m07, n04 = ours.loc[6, "phash"], ours.loc[7, "phash"], theirs.loc[4, "phash"]
    known = pd.DataFrame(
        {"phash": [flipped(m06, 2), m07, flipped(m07, 10), flipped(n04, 9), flipped(n04, 12)]}
    )
    wanted = spec(isolate={"phash": 10})
    rows = built({"ours": ours, "theirs": theirs}, wanted, known=known).set_index("key")
    struck = rows.index[rows["reason"] == ISOLATED]
    assert struck.tolist() == ["m07", "n04"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"h": ["12ab" * 4, "12ab"]}, "known.parquet, column 'h', row 1: '12ab'; expected 16"),
        ({"h": [None, None]}, "known.parquet, column 'h': no hash in 2 rows"),
        ({"h": [1, 2]}, "known.parquet, column 'h', row 0: '1'; expected 16 hexadecimal digits"),
        ({"other": ["12ab" * 4]}, "known.parquet: no column 'h'; found: other"),
    ],
)
def test_a_bad_index_is_an_error_with_its_row(tmp_path, ours, theirs, table, expected):
    path = tmp_path / "known.parquet"
    storage.write(pd.DataFrame(table), path)
    wanted = spec(known={"path": str(path), "phash": "h"})
    with pytest.raises(SystemExit, match=r"error: targets\.t: ") as caught:
        run(tmp_path, {"ours": ours, "theirs": theirs}, wanted, "--known", str(path))
    assert expected in str(caught.value)
    assert not (tmp_path / "membership.parquet").exists()


def test_the_stage_reads_the_index_and_says_what_is_kept(tmp_path, capsys, ours, theirs):
    path = tmp_path / "known.parquet"
    hits = [ours.loc[6, "phash"].upper(), theirs.loc[0, "phash"], None]
    storage.write(pd.DataFrame({"h": hits, "else": 0}), path)
    wanted = spec(known={"path": str(path), "phash": "h"})
    rows = run(tmp_path, {"ours": ours, "theirs": theirs}, wanted, "--known", str(path))
    assert rows.loc[rows["in_index"], "key"].tolist() == ["m06", "n00"]
    said = capsys.readouterr().err
    assert "members: 12 of 12 kept (100.0%), 1 in the known training index" in said
    assert "nonmembers: 7 of 11 kept (63.6%), 1 in the known training index" in said


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"nonmembers": ["theirs", ["gone"]]},
            ["nonmembers: no image is left", "theirs:gone: 0 rows"],
        ),
        (
            {"members": ["ours", ["gone"]]},
            ["members: no image is left", "theirs:all: 12 rows, 11 downloaded, 11 kept"],
        ),
        (
            {"nonmembers": ["theirs", ["other"]]},
            ["and 0 unrelated nonmembers in the fold calibration", "expected four of each"],
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
    counts = "2 rows, 2 downloaded, 2 kept by the manifest, 2 dropped here"
    why = "1 duplicate of member m00 of ours; 1 duplicate of member m01 of ours"
    assert f"{counts}; {why}; 0 unrelated left" in str(caught.value)


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
    with pytest.raises(SystemExit, match="1 unrelated nonmembers in the fold"):
        run(tmp_path, {"ours": with_channels(ours), "theirs": two}, spec(match="bins"))


def test_the_stage_writes_what_the_library_returns(tmp_path, ours, theirs):
    manifests = {"ours": ours, "theirs": theirs}
    run(tmp_path, manifests, spec())
    for name, made in zip(
        ("membership", "target-pairs"), membership.build(manifests, spec()), strict=True
    ):
        pd.testing.assert_frame_equal(storage.read(tmp_path / f"{name}.parquet"), made)
