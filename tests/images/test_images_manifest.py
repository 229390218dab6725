"""From a folder to its manifest, through the stages' own command lines."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from mia import storage
from mia.images import manifest as module
from mia.images.sources.shared.stage_keys import download_settings
from mia.stages import download, manifest, plan, rows

DUPLICATES = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


def blobs(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((40, 40), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    captions = []
    for n in range(24):
        blobs(n).save(f"mine/{n:02d}.png")
        captions.append((f"{n:02d}.png", f"picture {n}"))
    blobs(3).save("mine/copy.png")
    ImageOps.mirror(blobs(5)).save("mine/mirror.png")
    (tmp_path / "mine/page.png").write_text("<html>not here</html>")
    (tmp_path / "mine/cut.png").write_bytes((tmp_path / "mine/07.png").read_bytes()[:-500])
    captions += [("copy.png", "picture 8"), ("mirror.png", ""), ("page.png", ""), ("cut.png", "")]
    pd.DataFrame(captions, columns=["file", "caption"]).to_csv("mine/captions.csv", index=False)
    return tmp_path


def run(folder, shards=1, source=None, between=None, **spec):
    """Run plan, download, rows and manifest; return manifest and pairs."""
    source = source or {"source": "folder", "path": "mine", "captions": "mine/captions.csv"}
    names = [f"{n:03d}" for n in range(shards)]
    plans = [f"run{shards}/plan/{name}.parquet" for name in names]
    plan.main(["--name", "mine", "--settings", json.dumps(source), "--output", *plans])
    if between:
        between()
    for name, planned in zip(names, plans, strict=True):
        raw = f"run{shards}/raw/{name}"
        files = ["--pictures", f"{raw}/pictures.tar", "--downloads", f"{raw}/downloads.parquet"]
        fetching = json.dumps(download_settings(source))
        download.main(["--plan", planned, "--settings", fetching, *files])
        output = ["--output", f"run{shards}/rows/{name}.parquet"]
        output += ["--settings", '{"pixel_limit": 10000}']
        rows.main(["--plan", planned, *files, *output])
    spec = {"duplicates": DUPLICATES, "min_success": 0, "seed": 0, **spec}
    arguments = ["--rows", *[f"run{shards}/rows/{name}.parquet" for name in names]]
    written = [f"run{shards}/manifest.parquet", f"run{shards}/pairs.parquet"]
    arguments += ["--settings", json.dumps(spec), "--manifest", written[0], "--pairs", written[1]]
    manifest.main(["--name", "mine", *arguments])
    return tuple(storage.read(path) for path in written)


def by_file(table):
    return table.set_index(table["url"].str.removeprefix("mine/"))


@pytest.mark.filterwarnings("error::FutureWarning")
def test_every_row_is_there_with_its_verdict(folder, capsys):
    found, pairs = run(folder)
    assert found.columns.tolist() == module.COLUMNS
    assert found["key"].is_monotonic_increasing
    assert len(found) == 28
    row = by_file(found)
    assert row.loc["page.png", ["status", "reason"]].tolist() == ["not_an_image"] * 2
    assert row.loc["cut.png", ["status", "reason"]].tolist() == ["truncated"] * 2
    for one, other in (("03.png", "copy.png"), ("05.png", "mirror.png")):
        kept, dropped = sorted((one, other), key=lambda file: row.loc[file, "key"])
        assert row.loc[kept, "kept"] and not row.loc[dropped, "kept"]
        assert row.loc[dropped, "reason"] == f"duplicate of {row.loc[kept, 'key']}"
        assert row.loc[one, "group"] == row.loc[other, "group"] == row.loc[kept, "key"]
    assert found["kept"].sum() == 24
    assert found.loc[found["kept"], "reason"].eq("").all()
    assert set(found["part"]) == {"all"}
    pairs = pairs[pairs["kind"] != "review"]
    assert sorted(pairs["kind"]) == ["caption", "exact", "mirror"]
    assert pairs.loc[pairs["kind"] != "caption", "dropped"].notna().all()
    assert pairs.loc[pairs["kind"] == "caption", "dropped"].isna().all()
    assert pairs["mirrored"].tolist() == (pairs["kind"] == "mirror").tolist()
    assert "not_an_image" in capsys.readouterr().err


def test_the_number_of_shards_changes_nothing(folder):
    split = {"member": 9, "nonmember": 9}
    run(folder, shards=1, split=split)
    for shards in (3, 60):  # among sixty shards there are empty ones
        run(folder, shards=shards, split=split)
        for name in ("manifest.parquet", "pairs.parquet"):
            one, many = (folder / f"run{n}" / name for n in (1, shards))
            assert one.read_bytes() == many.read_bytes()


def test_a_split_counts_kept_pictures_and_parts_no_group(folder):
    found, _ = run(folder, split={"member": 10, "nonmember": 10})
    assert found[found["kept"]].groupby("part").size().to_dict() == {
        "member": 10,
        "nonmember": 10,
        "rest": 4,
    }
    assert found.groupby("group")["part"].nunique().max() == 1
    assert set(found.loc[found["status"] != "success", "part"]) == {"rest"}


def chain(folder):
    """Rows whose first five images are A, B, C, B again and C again, where A ~ B ~ C only."""
    run(folder)
    table = rows_of(folder)
    table = table[table["status"] == "success"].sort_values("key", ignore_index=True)
    for n, (grey, image_id) in enumerate([(51, "a"), (76, "b"), (102, "c"), (76, "b"), (102, "c")]):
        table.loc[n, ["image_id", "phash", "phash_mirror"]] = [image_id, "0" * 16, "f" * 16]
        table.at[n, "thumbnail"] = bytes([grey]) * 3072
    return table


def test_a_dropped_picture_is_a_duplicate_of_a_kept_one(folder):
    found, pairs = module.build(chain(folder), {"duplicates": DUPLICATES, "seed": 0})
    a, b, c, b_again, c_again = found["key"][:5]
    reasons = ["", f"duplicate of {a}", "", f"duplicate of {a}", f"duplicate of {c}"]
    assert found["reason"][:5].tolist() == reasons
    assert found["kept"][:5].tolist() == [True, False, True, False, False]
    assert found["group"][:5].tolist() == [a] * 5
    pairs = pairs[pairs["key_b"] <= c_again].set_index(["key_a", "key_b"])
    assert pairs.loc[(b, c), ["kind", "dropped"]].tolist() == ["near", b]
    assert pairs.loc[(a, b), ["kind", "dropped"]].tolist() == ["near", b]
    assert pairs.loc[(b, b_again), ["kind", "dropped"]].tolist() == ["exact", b_again]
    assert pairs.loc[(a, c), "kind"] == "review" and pd.isna(pairs.loc[(a, c), "dropped"])
    assert pairs.loc[(a, c), ["distance", "rmse"]].tolist() == [0, pytest.approx(0.2)]


def test_a_linked_picture_may_be_dropped_and_says_so(folder):
    rule = {**DUPLICATES, "linked_rmse": 0.21}
    found, _ = module.build(chain(folder), {"duplicates": rule, "seed": 0})
    a = found["key"][0]
    same, linked = f"duplicate of {a}", f"linked by duplicates to {a}"
    assert found["reason"][:5].tolist() == ["", same, linked, same, linked]


def test_a_pair_for_review_joins_no_group(folder):
    table = chain(folder)
    table = table.drop(index=[1, 3]).reset_index(drop=True)
    found, pairs = module.build(table, {"duplicates": DUPLICATES, "seed": 0})
    assert found["group"][:2].is_unique and found["kept"][:2].all()
    assert pairs.loc[pairs["key_a"] == found["key"][0], "kind"].tolist() == ["review"]


def test_too_large_a_split_is_an_error_with_the_counts(folder):
    with pytest.raises(SystemExit) as caught:
        run(folder, split={"member": 20, "nonmember": 10})
    message = str(caught.value)
    assert "image_sets.mine: split: too few images: 24 kept" in message
    assert "member 20" in message and "nonmember 10" in message


def test_duplicates_of_two_parts_are_recorded_and_both_kept(folder):
    parts = {name: {"path": "mine", "captions": "mine/captions.csv"} for name in ("x", "y")}
    found, pairs = run(folder, source={"source": "folder", "parts": parts})
    assert found[found["kept"]].groupby("part").size().to_dict() == {"x": 24, "y": 24}
    across = pairs[(pairs["part_a"] != pairs["part_b"]) & (pairs["kind"] == "exact")]
    assert len(across) >= 24
    assert across["dropped"].isna().all()
    assert found[found["kept"]].groupby("group")["part"].nunique().min() == 2


def test_a_file_that_went_missing_is_a_row(folder):
    found, _ = run(folder, between=(folder / "mine/11.png").unlink)
    row = by_file(found).loc["11.png"]
    assert row["status"] == "missing_file"
    assert "mine/11.png" in row["error"]


def test_too_few_successes_are_an_error_with_the_table(folder):
    with pytest.raises(SystemExit) as caught:
        run(folder, min_success=0.95)
    message = str(caught.value)
    assert "min_success 95.0%" in message and "92.9%" in message
    assert "truncated" in message and "not_an_image" in message


def test_rows_of_another_number_of_shards_are_refused(folder):
    run(folder, shards=3)
    spec = json.dumps({"duplicates": DUPLICATES, "seed": 0})
    files = ["run3/rows/000.parquet", "run3/rows/001.parquet"]
    written = ["--manifest", "no.parquet", "--pairs", "no2.parquet"]
    with pytest.raises(SystemExit, match="belongs to shard"):
        manifest.main(["--name", "mine", "--rows", *files, "--settings", spec, *written])
    assert not (folder / "no.parquet").exists()


def test_a_lost_row_is_an_error(folder):
    run(folder)
    downloads = folder / "run1/raw/000/downloads.parquet"
    storage.write(storage.read(downloads).iloc[1:], downloads)
    files = ["--pictures", "run1/raw/000/pictures.tar", "--downloads", str(downloads)]
    output = ["--settings", '{"pixel_limit": 9}', "--output", "no.parquet"]
    with pytest.raises(SystemExit, match="1 keys differ between plan and downloads"):
        rows.main(["--plan", "run1/plan/000.parquet", *files, *output])


def test_a_family_joins_groups_and_drops_nothing(folder):
    run(folder)
    table = rows_of(folder)
    table.loc[table["url"].isin(["mine/01.png", "mine/02.png"]), "family"] = "kin"
    found, _ = module.build(table, {"duplicates": DUPLICATES, "seed": 0})
    row = by_file(found)
    assert row.loc["01.png", "group"] == row.loc["02.png", "group"]
    assert row.loc["01.png", "kept"] and row.loc["02.png", "kept"]


def test_a_set_of_failures_only_still_has_its_manifest(folder):
    run(folder)
    table = rows_of(folder)
    failed = table[table["status"] != "success"]
    found, pairs = module.build(failed, {"duplicates": DUPLICATES, "seed": 0})
    assert len(found) == 2 and not found["kept"].any() and not len(pairs)


def test_a_split_may_not_take_the_name_of_a_source_part(folder):
    run(folder)
    table = rows_of(folder).assign(part="x")
    with pytest.raises(ValueError, match="'x' is a source part already"):
        module.build(table, {"duplicates": DUPLICATES, "seed": 0, "split": {"x": 1}})


def rows_of(folder):
    return storage.read(folder / "run1/rows/000.parquet")
