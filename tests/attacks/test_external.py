"""Scores made elsewhere: read, refused with what is wrong, and evaluated like ours."""

import json
import re
import sys

import pandas as pd
import pytest

from made_target import SETTINGS, membership, scores
from mia import storage
from mia.config.attacks import build_attack
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.images.plan import cleaned_if_possible
from mia.stages import evaluate, score


@pytest.fixture
def target(tmp_path):
    members = membership(per_class=200)
    members.loc[[7, 399], ["kept", "reason"]] = [False, "duplicate"]
    storage.write(members, tmp_path / "membership.parquet")
    manifest(tmp_path, members, [f"http://a.org/{row} b/ü.jpg" for row in members.index])
    return tmp_path, members


def manifest(folder, members, urls):
    """The manifest of the target's image set, with these locators, as a plan has them."""
    table = members[["key", "image_id", "group"]].assign(caption="")
    table["url"] = list(map(cleaned_if_possible, urls))
    storage.write(table, folder / "images/made/manifest.parquet")


def run(folder, table, monkeypatch):
    table.to_csv(folder / "theirs.csv", index=False)
    entry = {"scores": str(folder / "theirs.csv")}
    argv = ["score", "--settings", json.dumps({"name": "theirs", "entry": entry, "seed": 0})]
    argv += ["--membership", str(folder / "membership.parquet")]
    argv += ["--target", "fair", "--manifests", str(folder / "images/made/manifest.parquet")]
    argv += ["--external", str(folder / "theirs.csv")]
    monkeypatch.setattr(sys, "argv", [*argv, "--output", str(folder / "theirs.parquet")])
    score.main()
    return str(folder / "theirs.parquet")


def called(members, table, name, names):
    """The table with another column for `image_id`; keys of digits alone must stay text."""
    names = pd.Series(list(names), members["image_id"])
    return pd.DataFrame({name: table["image_id"].map(names), "score": table["score"]})


def by_key(members, table):
    return called(members, table, "key", members["key"])


WAYS = {
    "image_id": ("image_id", None, lambda row: f"image{row:05d}"),
    "key": ("key", None, lambda row: f"{row:016x}"),
    "url as a table has it": ("url", None, "http://a.org/{} b/ü.jpg".format),
    "url in another spelling": ("url", None, "HTTP://A.org:/{}%20b/u\u0308.jpg#top".format),
    "file in the folder": ("file", "data/é/{}.png", "{}.png".format),
    "file below the folder": ("file", "data/é/{}/x.png", "./{}/x.png".format),
    "file with its folder": ("file", "data/é/{}.png", "data/e\u0301/{}.png".format),
    "file of an address": ("file", "http://a.org/{}.jpg", "{}.jpg".format),
}


@pytest.mark.parametrize(("name", "locator", "call"), WAYS.values(), ids=WAYS)
def test_a_file_is_scored_and_evaluated_like_ours(target, name, locator, call, monkeypatch):
    folder, members = target
    if locator:
        manifest(folder, members, map(locator.format, members.index))
    table = scores(members, 1.0)
    given = called(members, table, name, map(call, members.index))
    stranger = pd.DataFrame({name: ["of another target"], "score": [9.0]})
    given = pd.concat([stranger, given.sample(frac=1, random_state=0)])
    path = run(folder, given, monkeypatch)
    read = storage.read(path)
    pd.testing.assert_frame_equal(read, table.sort_values("image_id").reset_index(drop=True))
    found = evaluate.evaluate("made", "theirs", path, str(folder / "membership.parquet"), SETTINGS)
    assert found["access"] == "external" and not found["blind"]
    assert "external" in found["flags"]
    assert found["auc"]["value"] > 0.7
    assert all(found["carried"][0]["thresholds"])
    assert found["between_draws"] is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.drop(5), "image_id of the target without a score: image00005"),
        (lambda t: pd.concat([t, t.iloc[[6]]]), "image_id scored twice: image00006"),
        (lambda t: t.assign(score=t["score"].where(t.index != 8)), "no number: image00009"),
        (lambda t: t.assign(score=["inf", *t["score"][1:]]), "no number: image00000"),
        (lambda t: t.assign(score=["high", *t["score"][1:]]), "no number: image00000"),
        (
            lambda t: t.rename(columns={"score": "s"}),
            "columns image_id, s; expected image_id, key, url or file, and score",
        ),
        (
            lambda t: t.rename(columns={"image_id": "id"}),
            "columns id, score; expected image_id, key, url or file, and score",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_named(target, spoil, said, monkeypatch):
    folder, members = target
    where = "error: attacks.theirs, target fair: .*theirs.csv"
    with pytest.raises(SystemExit, match=f"{where}: .*{re.escape(said)}"):
        run(folder, spoil(scores(members, 0.0)), monkeypatch)
    assert not (folder / "theirs.parquet").exists()


def test_a_key_that_names_two_images_asks_for_image_id(target, monkeypatch):
    folder, members = target
    members = members.assign(key=members["key"].where(members.index != 1, members["key"][0]))
    storage.write(members, folder / "membership.parquet")
    manifest(folder, members, members["key"])
    with pytest.raises(SystemExit, match=r"key names two images of the target: .*; use image_id"):
        run(folder, by_key(members, scores(members, 0.0)), monkeypatch)


def test_a_file_in_two_folders_is_named_with_its_folder(target, monkeypatch):
    folder, members = target
    manifest(folder, members, [f"{'ab'[row % 2]}/{row // 2}.png" for row in members.index])
    table = scores(members, 0.0)
    bare = called(members, table, "file", [f"{row // 2}.png" for row in members.index])
    said = r"file names two images of the target: 0\.png, .*; name it with its folder, as the con"
    with pytest.raises(SystemExit, match=said):
        run(folder, bare, monkeypatch)
    whole = [f"{'ab'[row % 2]}/{row // 2}.png" for row in members.index]
    run(folder, called(members, table, "file", whole), monkeypatch)


@pytest.mark.parametrize("name", ["image_id", "key", "url", "file"])
def test_a_file_that_covers_other_targets_is_told_to_name_them(target, name, monkeypatch):
    folder, members = target
    table = scores(members, 0.0)[:0]
    table.loc[0] = ["elsewhere", 1.0]
    said = r"target fair: .* and 393 more; a file that covers some targets only names them: `targe"
    with pytest.raises(SystemExit, match=said):
        run(folder, table.rename(columns={"image_id": name}), monkeypatch)


def covering(targets):
    """An experiment of the targets a, b and c, and a file that covers some of them."""
    side = {"members": "one", "nonmembers": "two"}
    sets = {name: {"source": "folder", "path": name} for name in ("one", "two")}
    return read(
        {
            "results": "r",
            "image_sets": sets,
            "models": {"m": {"source": "path", "path": "m"}},
            "targets": {name: {"model": "m", **side} for name in "abc"},
            "attacks": {"loss": {}, "theirs": {"scores": "a.csv", **targets}},
        }
    )


def test_a_file_may_name_its_targets():
    found = covering({"targets": ["a", "c"]})
    has = {target: "theirs" in found.attacks_of(target) for target in "abc"}
    assert has == {"a": True, "b": False, "c": True}
    assert all("theirs" in covering({}).attacks_of(target) for target in "abc")


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (["a", "d"], "attacks.theirs.targets: no target 'd'; "),
        ([], "attacks.theirs.targets: \\[\\] should be non-empty"),
        (["a", "a"], "attacks.theirs.targets: .* has non-unique elements"),
        ("a", "attacks.theirs.targets: 'a' is not of type 'array'"),
    ],
)
def test_targets_that_cannot_be_are_refused(targets, said):
    with pytest.raises(ConfigError, match=said):
        covering({"targets": targets})


def test_targets_belong_to_scores_only():
    with pytest.raises(ConfigError, match="attack 'loss' has no parameter 'targets'"):
        build_attack("loss", {"targets": ["a"]})


def test_a_row_with_scores_has_no_other_key():
    row = {"scores": "a.csv", "attack": "loss"}
    with pytest.raises(ConfigError, match=r"attacks.theirs: attack: an entry with `scores`"):
        build_attack("theirs", row)
    assert build_attack("theirs", {"scores": "a.csv"}).queries == ()


@pytest.mark.slow
def test_a_file_goes_down_the_whole_road(bench):
    """By file, for one of two targets; the other does without."""
    ours = storage.read(bench.folder / "results/scores/fair/loss.parquet")
    manifest = storage.read(bench.folder / "results/images/mine/manifest.parquet")
    table = ours.merge(manifest[["image_id", "url"]]).rename(columns={"url": "file"})
    table[["file", "score"]].to_csv(bench.folder / "theirs.csv", index=False)
    theirs = {"scores": "theirs.csv", "targets": ["fair"]}
    rows = {"loss": {}, "theirs": theirs, "blind_caption": {}}
    bench.configure(lambda config: config.update(attacks=rows))
    bench.configure(lambda config: config["targets"].update(other=config["targets"]["fair"]))
    bench.run("results/tables/summary.csv").done()
    assert not (bench.folder / "results/scores/other/theirs.parquet").exists()
    summary = bench.summary()
    assert list(summary.index[summary["target"] == "other"]) == ["loss", "blind_caption"]
    summary = summary[summary["target"] == "fair"]
    assert summary.loc["theirs", "auc"] == summary.loc["loss", "auc"]
    assert summary.loc["theirs", "access"] == "external"
    assert summary.loc["theirs", "evals_alone"] == 0
    found = bench.folder / "results/tables"
    assert pd.read_csv(found / "pairwise.csv")["other"].tolist() == ["theirs"]
    assert set(pd.read_csv(found / "set_test.csv")["attack"]) == set(rows)
