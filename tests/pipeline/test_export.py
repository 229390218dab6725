"""Scores and losses as rows: a run writes them on request, and the recipes of docs read them."""

import hashlib
import re

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mia import storage
from mia.evaluation.exported import LOSSES, SCORES
from micro_experiment import IMAGES, PICTURES
from rule_texts import ROOT

*RECIPES, OUTPUT_RECIPE = re.findall(
    r"(?ms)^```python\n(.*?)^```$", (ROOT / "docs/results-folder.md").read_text("utf-8")
)
TABLES = ("scores", "losses")


def exporting(config):
    """Ask for the tables, a target without a model, a loss without a caption, and outputs."""
    config["report"] = {"export": True}
    config["targets"]["sets"] = {"members": "mine:nonmember", "nonmembers": "mine:member"}
    config["measure"]["keep"] = True
    config["attacks"]["made"] = {"attack": "generation_similarity", "draws": 1, "steps": 2}
    config["attacks"]["loss_null"] = {"attack": "loss", "condition": "null"}


@pytest.fixture(scope="module")
def exported(finished_run):
    """A run that exports; the tests of this file change no more than the tables."""
    bench = finished_run.copy()
    bench.configure(exporting)
    run = bench.run().done()
    assert run.jobs.count("export") == 1
    return bench


def path(bench, name):
    return bench.folder / f"results/tables/{name}.parquet"


def test_the_tables_hold_what_was_scored_and_measured(exported):
    scores, losses = (storage.read(path(exported, name)) for name in TABLES)
    assert pq.read_schema(path(exported, "scores")).equals(SCORES)
    assert pq.read_schema(path(exported, "losses")).equals(LOSSES)
    for target in ("fair", "sets"):
        files = exported.scores(target)
        of_target = scores[scores["target"] == target]
        assert {*of_target["attack"]} == files.keys()
        for attack, score in files.items():
            rows = of_target[of_target["attack"] == attack].set_index("image_id")
            assert rows["score"].rename_axis(None).equals(score.rename_axis(None)[rows.index])
            assert len(rows) == IMAGES and rows["member"].sum() == PICTURES
    assert {*losses["target"]} == {"fair"} and {*losses["role"]} == {"target"}
    asked = losses.groupby(["target", "timestep", "draw", "condition"], observed=True).size()
    assert (asked == IMAGES).all()
    # `clid_null` asks for both conditions at 450, `loss` for one each at its own timesteps.
    conditions = losses.groupby("timestep")["condition"].agg(set)
    assert conditions[450] == {"caption", "null"} and len(conditions) > 1
    one = losses[(losses["target"] == "fair") & (losses["timestep"] == 450)]
    file = exported.folder / "results/queries/tiny/mine/denoise/t450-d0-both.parquet"
    measured = storage.read(file).set_index("image_id")
    for condition in ("caption", "null"):
        rows = one[one["condition"] == condition].set_index("image_id")["loss"]
        assert rows.to_dict() == measured[f"loss_{condition}"].to_dict()


def test_rows_are_sorted_and_equal_results_give_equal_bytes(exported):
    scores, losses = (storage.read(path(exported, name)) for name in TABLES)
    by = ["target", "attack", "image_id"], ["target", "model", "timestep", "draw", "condition"]
    for table, keys in ((scores, by[0]), (losses, [*by[1], "image_id"])):
        words = {name: str for name in keys if table[name].dtype == "category"}
        plain = table.astype(words)
        pd.testing.assert_frame_equal(plain, plain.sort_values(keys, ignore_index=True))
        assert not plain.duplicated(keys).any()

    def digests():
        return [hashlib.sha256(path(exported, name).read_bytes()).digest() for name in TABLES]

    before = digests()
    for name in TABLES:
        path(exported, name).unlink()
    assert exported.run().done().jobs == ["export"]
    assert digests() == before


def test_nothing_is_written_unless_asked_for(finished_run):
    assert not any(path(finished_run.kept, name).exists() for name in TABLES)
    assert "export" not in finished_run.first.jobs


def test_the_recipes_read_a_run(exported, tmp_path, monkeypatch):
    """Each is run as it stands in docs/results-folder.md, in three lines after its import."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results/default").symlink_to(exported.folder / "results")
    monkeypatch.chdir(tmp_path)
    assert [recipe.split()[1] for recipe in RECIPES] == ["pandas", "polars", "duckdb"]
    read = {}
    for recipe in RECIPES:
        assert len([*filter(None, recipe.splitlines())]) == 4
        names = {}
        exec(recipe, names)
        for name in ("scores", "losses", "metrics"):
            read.setdefault(name, []).append(as_pandas(names[name]))
    for name, (one, *others) in read.items():
        assert len(one) > 20, name
        for other in others:
            assert [*other] == [*one]
            pd.testing.assert_frame_equal(plain(other), plain(one), check_dtype=False)
    assert set(read["losses"][0]["timestep"]) == {100}


def test_the_recipe_of_a_kept_output_saves_the_image(exported, tmp_path, monkeypatch):
    folder = tmp_path / "results/mine/queries/my_model"
    folder.mkdir(parents=True)
    (folder / "photos").symlink_to(exported.folder / "results/queries/tiny/mine")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(OUTPUT_RECIPE, names)
    assert len(names["rows"]) == IMAGES
    nearest = names["nearest"]
    assert nearest["rms_pixel"] == names["rows"]["rms_pixel"].min()
    with Image.open(f"{nearest['key']}.png") as made:
        assert np.asarray(made).flatten().tolist() == nearest["output"].tolist()


def as_pandas(table):
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        return pd.DataFrame(table.to_dict(as_series=False))
    return table.df() if isinstance(table, duckdb.DuckDBPyRelation) else table


def plain(table):
    """Words as text and missing cells alike, whatever a library makes of them."""
    words = table.select_dtypes(["category", "object", "string"]).columns
    table = table.astype(dict.fromkeys(words, object))
    return table.where(table.notna(), None).reset_index(drop=True)
