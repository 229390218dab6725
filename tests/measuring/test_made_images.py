"""Images that a model makes of captions: of (seed, member, caption) alone, whatever the shard."""

import argparse
import io
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from mia import storage
from mia.images import archive
from mia.images.sources.generated import LOCATOR, MADE_FROM, captions_of_members
from mia.measuring.batch import Batch
from mia.models.autoencoder import Autoencoder
from mia.models.families import module_of
from mia.models.folder import describe
from mia.query import Query
from mia.signals import generation
from mia.stages import generate, plan
from tiny_families import tiny

CAPTIONS = ["a red cat", "a blue dog", "two birds", "", "a dog"]
IDS = [f"{number}" * 64 for number in range(len(CAPTIONS))]
SETTINGS = {"steps": 3, "guidance": 2.0, "condition": "caption", "seed": 0}
SETTINGS |= {"device": "cpu", "dtype": "float32"}
PARTS = {"source": "generated", "images": 4, "seed": 0}


@pytest.fixture
def tables(tmp_path):
    """Membership and manifest of a target with five members and two nonmembers."""
    keys = [f"k{number}" for number in range(7)]
    ids = [*IDS, "a" * 64, "b" * 64]
    rows = {"set": "mine", "key": keys, "image_id": ids, "member": [True] * 5 + [False] * 2}
    membership = pd.DataFrame({**rows, "kept": True, "block": [0, 1, 2, 3, 4, 0, 1]})
    told = pd.DataFrame({"key": keys, "caption": [*CAPTIONS, "x", "y"], "alternates": ""})
    storage.write(membership, tmp_path / "membership.parquet")
    storage.write(told, tmp_path / "manifest.parquet")
    return [str(tmp_path / f"{name}.parquet") for name in ("membership", "manifest")]


def planned(tables, shards=1, **keys):
    """The plan of some shards, as the stage writes it."""
    folder = tables[0].rpartition("/")[0]
    paths = [f"{folder}/plan-{shard}-of-{shards}.parquet" for shard in range(shards)]
    options = {"settings": {**PARTS, **keys}, "made_from": tables}
    plan.plan_set(argparse.Namespace(**options, output=paths))
    return paths


def made(tables, model, plans, **settings):
    """Key to image, and the table of results, of all shards."""
    folder, images, tables = tables[0].rpartition("/")[0], {}, []
    storage.write_json({"name": "tiny", **model}, f"{folder}/model.json")
    for path in plans:
        files = {name: f"{path}.{name}" for name in ("pictures", "downloads")}
        given = {"plan": path, "model": f"{folder}/model.json", "threads": 1}
        told = {**SETTINGS, **settings}
        generate.generate(argparse.Namespace(**given, **files, settings=told))
        images |= dict(archive.contents(files["pictures"]))
        tables.append(storage.read(files["downloads"]))
    return images, pd.concat(tables).set_index("key").sort_index()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def test_members_are_drawn_by_the_seed_and_stay_when_more_are_drawn(tables):
    def drawn(**keys):
        rows = captions_of_members("", {**PARTS, **keys, MADE_FROM: tables})
        return dict(zip(rows["url"].str.removeprefix(LOCATOR), rows["caption"], strict=True))

    assert drawn().items() <= dict(zip(IDS, CAPTIONS, strict=True)).items()
    assert {*drawn(images=2)} < {*drawn(images=3)} < {*drawn(images=5)} == {*IDS}
    assert len({frozenset(drawn(images=2, seed=seed)) for seed in range(9)}) > 1


def test_what_is_reported_on_nowhere_gives_no_caption(tables):
    rows = storage.read(tables[0])
    rows.loc[0, "kept"], rows.loc[1, "block"] = False, -1
    storage.write(rows, tables[0])
    found = captions_of_members("", {**PARTS, "images": 3, MADE_FROM: tables})
    assert {*found["url"].str.removeprefix(LOCATOR)} == {*IDS[2:]}
    said = "4 images are to be made, and the target has 3 members that are reported on"
    with pytest.raises(ValueError, match=said):
        captions_of_members("", {**PARTS, MADE_FROM: tables})


def test_the_shards_change_no_bit(tables, tiny_sd):
    model = describe(tiny_sd)
    one, said = made(tables, model, planned(tables, images=5))
    others, also = made(tables, model, planned(tables, shards=3, images=5))
    assert one == others and len({*one.values()}) == 5
    pd.testing.assert_frame_equal(said, also)
    assert {*said["status"]} == {"success"}
    sizes = {pixels(data).shape for data in one.values()}
    assert sizes == {(model["resolution"], model["resolution"], 3)}
    assert all(Image.open(io.BytesIO(data)).format == "PNG" for data in one.values())


def test_an_empty_shard_loads_no_model(tables, tiny_sd, monkeypatch):
    monkeypatch.setattr(generate, "images", None)
    (path,) = planned(tables)
    storage.write(storage.read(path).iloc[:0], path)
    images, said = made(tables, describe(tiny_sd), [path])
    assert images == {} and said.empty


def test_they_are_what_the_signal_makes_of_the_members(tables, tiny_sd):
    """Draw 0 of `generation`, all in one batch there: the same but for the last rounding."""
    model, plans = describe(tiny_sd), planned(tables, images=5)
    images, _ = made(tables, model, plans)
    rows = storage.read(plans[0])
    batch = Batch(
        module_of(model["family"]).load(model, "cpu"),
        [url.removeprefix(LOCATOR) for url in rows["url"]],
        torch.zeros(5, *model["latent_shape"]),
        rows["caption"].tolist(),
        seed=0,
        size=5,
        autoencoder=Autoencoder(model["vae"], "cpu"),
    )
    with torch.no_grad():
        found = generation.made(batch, {"steps": 3, "guidance": 2.0}, 0, "caption").pixels
    for key, own in zip(rows["key"], found, strict=True):
        levels = (255 * own).permute(1, 2, 0).numpy()
        assert np.abs(pixels(images[key]) - levels).max() <= 0.51
    asked = Query("generation", 0, 0, "caption", (("guidance", 2.0), ("steps", 3)))
    assert batch.evals == 5 * len(generation.predictions(asked))


@pytest.mark.parametrize("key", ["seed", "steps", "guidance", "condition"])
def test_each_setting_counts(tables, tiny_sd, key):
    model, plans = describe(tiny_sd), planned(tables)
    other = {"seed": 1, "steps": 4, "guidance": 1, "condition": "null"}[key]
    one, others = (made(tables, model, plans, **keys)[0] for keys in ({}, {key: other}))
    # One caption is empty: told or not, it is the same.
    assert {*one} == {*others} and sum(one[name] != others[name] for name in one) >= 3


@pytest.mark.parametrize(("family", "condition"), [("ddpm", "null"), ("dit", "caption")])
def test_models_that_are_told_nothing_or_a_class_make_images_too(
    tables, tmp_path, family, condition
):
    rows = storage.read(tables[1])
    rows["caption"] = [str(number) for number in range(len(rows))]
    storage.write(rows, tables[1])
    tiny(family).save(tmp_path / "other")
    model = describe(tmp_path / "other")
    images, said = made(tables, model, planned(tables), condition=condition)
    assert len({*images.values()}) == 4 and {*said["status"]} == {"success"}
    changed = rows.assign(caption="7")
    storage.write(changed, tables[1])
    again, _ = made(tables, model, planned(tables), condition=condition)
    assert (again == images) == (condition == "null")


def test_an_output_that_is_not_finite_is_a_row_with_its_reason(tables, tiny_sd, monkeypatch):
    decode, calls = Batch.decode, []

    def broken(self, z0):
        calls.append(z0)
        return decode(self, z0) * (torch.nan if len(calls) == 2 else 1)

    monkeypatch.setattr(Batch, "decode", broken)
    images, said = made(tables, describe(tiny_sd), planned(tables))
    (failed,) = said.index[said["status"] == "not_finite"]
    assert len(images) == 3 and failed not in images
    assert said.loc[failed, "error"] == generate.ERROR and said.loc[failed, "sha256"] == ""


def test_a_killed_job_leaves_nothing(tables, tiny_sd, monkeypatch, tmp_path):
    class Killed(Exception):
        """Stands for a kill."""

    def dying(*_):
        raise Killed

    monkeypatch.setattr(Batch, "decode", dying)
    with pytest.raises(Killed):
        made(tables, describe(tiny_sd), planned(tables))
    left = product(tmp_path.glob("plan-*"), ("pictures", "downloads"))
    assert not [path for path, kind in left if path.name.endswith(kind)]
