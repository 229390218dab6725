"""Scores made elsewhere: read, refused with what is wrong, and evaluated like ours."""

import json
import re
import sys

import pandas as pd
import pytest

from made_target import SETTINGS, membership, scores
from mia import tables
from mia.attack_rows import build_attack
from mia.config import ConfigError
from mia.stages import evaluate, score


@pytest.fixture
def target(tmp_path):
    members = membership(per_class=200)
    members.loc[[7, 399], ["kept", "reason"]] = [False, "duplicate"]
    tables.write(members, tmp_path / "membership.parquet")
    return tmp_path, members


def run(folder, table, monkeypatch):
    table.to_csv(folder / "theirs.csv", index=False)
    row = {"name": "theirs", "row": {"scores": str(folder / "theirs.csv")}}
    argv = [
        "score",
        "--attack",
        json.dumps(row),
        "--membership",
        str(folder / "membership.parquet"),
    ]
    argv += ["--external", str(folder / "theirs.csv"), "--seed", "0"]
    monkeypatch.setattr(sys, "argv", [*argv, "--output", str(folder / "theirs.parquet")])
    score.main()
    return str(folder / "theirs.parquet")


def by_key(members, table):
    """Keys of digits alone must stay text."""
    keys = members.set_index("image_id")["key"]
    return table.assign(key=table["image_id"].map(keys)).drop(columns="image_id")


@pytest.mark.parametrize("name", ["image_id", "key"])
def test_a_file_is_scored_and_evaluated_like_ours(target, name, monkeypatch):
    folder, members = target
    table = scores(members, 1.0)
    given = table if name == "image_id" else by_key(members, table)
    stranger = pd.DataFrame({name: ["of another target"], "score": [9.0]})
    given = pd.concat([stranger, given.sample(frac=1, random_state=0)])
    path = run(folder, given, monkeypatch)
    read = tables.read(path)
    pd.testing.assert_frame_equal(read, table.sort_values("image_id").reset_index(drop=True))
    found = evaluate.evaluate("made", "theirs", path, str(folder / "membership.parquet"), SETTINGS)
    assert found["access"] == "external" and not found["blind"]
    assert "external" in found["flags"]
    assert found["auc"]["value"] > 0.7
    assert found["carried"][0]["threshold"] is not None
    assert found["between_draws"] is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.drop(5), "image_id of the target without a score: image00005"),
        (lambda t: pd.concat([t, t.iloc[[6]]]), "image_id scored twice: image00006"),
        (lambda t: t.assign(score=t["score"].where(t.index != 8)), "no number: image00009"),
        (lambda t: t.assign(score=["inf", *t["score"][1:]]), "no number: image00000"),
        (lambda t: t.assign(score=["high", *t["score"][1:]]), "no number: image00000"),
        (lambda t: t.rename(columns={"score": "s"}), "columns image_id, s; expected image_id or"),
        (lambda t: t.rename(columns={"image_id": "id"}), "columns id, score; expected image_id or"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(target, spoil, said, monkeypatch):
    folder, members = target
    with pytest.raises(SystemExit, match=f"error: .*theirs.csv: .*{re.escape(said)}"):
        run(folder, spoil(scores(members, 0.0)), monkeypatch)
    assert not (folder / "theirs.parquet").exists()


def test_a_key_that_names_two_images_asks_for_image_id(target, monkeypatch):
    folder, members = target
    members = members.assign(key=members["key"].where(members.index != 1, members["key"][0]))
    tables.write(members, folder / "membership.parquet")
    with pytest.raises(SystemExit, match="key names two images of the target; use image_id"):
        run(folder, by_key(members, scores(members, 0.0)), monkeypatch)


def test_a_row_with_scores_has_no_other_key():
    row = {"scores": "a.csv", "attack": "loss"}
    with pytest.raises(ConfigError, match=r"attacks.theirs: attack: a row with `scores`"):
        build_attack("theirs", row)
    assert build_attack("theirs", {"scores": "a.csv"}).queries == ()


@pytest.mark.slow
def test_a_file_goes_down_the_whole_road(bench):
    ours = tables.read(bench.folder / "results/scores/fair/loss.parquet")
    ours[["image_id", "score"]].to_csv(bench.folder / "theirs.csv", index=False)
    rows = {"loss": {}, "theirs": {"scores": "theirs.csv"}, "blind_caption": {}}
    bench.configure(lambda config: config.update(attacks=rows))
    bench.run().done()
    summary = bench.summary()
    assert summary.loc["theirs", "auc"] == summary.loc["loss", "auc"]
    assert summary.loc["theirs", "access"] == "external"
    assert summary.loc["theirs", "evals_alone"] == 0
    found = bench.folder / "results/tables"
    assert pd.read_csv(found / "pairwise.csv")["other"].tolist() == ["theirs"]
    assert set(pd.read_csv(found / "set_test.csv")["attack"]) == set(rows)
