"""A set for a class-conditional model: wrong captions stop it before it costs anything."""

import argparse
import hashlib
import io
import json

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import DiTPipeline
from PIL import Image

from mia import command, storage
from mia.config.attacks import build_attack
from mia.images.archive import pack
from mia.images.pictures import prepare
from mia.measuring.shard import Shard
from mia.measuring.signal_coverage import shared_inputs
from mia.models import latents_file
from mia.models.autoencoder import Autoencoder
from mia.models.folder import ModelError, describe
from mia.noise import draw_noise
from mia.query import dump
from mia.stages.encode import encode_shard
from mia.stages.measure import measure
from tiny_families import tiny

KEYS = [f"{number:016x}" for number in range(4)]
CAPTIONS = ["207", "goldfish", " Golden Retriever", "999"]
QUERIES = build_attack("row", {"attack": "clid_null", "draws": 1}).queries
SETTINGS = {"parts": ["a"], "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model of each preparation, four images of 40 × 36 pixels, and their manifest."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("classes")
    tiny("dit").save(folder / "model")
    for name in ("centre", "adm"):
        described = describe(folder / "model", options={"preparation": name})
        storage.write_json({"name": name, **described}, folder / f"{name}.json")
    pack([(key, png(i)) for i, key in enumerate(KEYS)], folder / "p.tar")
    manifest(folder, CAPTIONS)
    return folder


def picture(number):
    pixels = np.random.default_rng(number).integers(0, 256, (36, 40, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png(number):
    buffer = io.BytesIO()
    picture(number).save(buffer, "PNG")
    return buffer.getvalue()


def manifest(folder, captions, name="manifest", part="a", **alternates):
    ids = [hashlib.sha256(png(i)).hexdigest() for i in range(4)]
    others = [
        json.dumps({key: values[i] for key, values in alternates.items()}) if alternates else ""
        for i in range(4)
    ]
    rows = {"key": KEYS, "image_id": ids, "part": [part] * 4, "kept": [True] * 4}
    rows |= {"caption": captions, "alternates": others}
    storage.write(pd.DataFrame(rows), folder / f"{name}.parquet")


def run(folder, work, settings, **files):
    """Run a stage as its program does, without starting one; return what it says if it fails."""
    paths = {key: str(folder / name) for key, name in files.items() if key != "shard"}
    options = argparse.Namespace(settings=settings, threads=1, shard="000", **paths)
    try:
        work(options)
    except ModelError as error:
        assert command.says_enough(error) and "\n" not in str(error)
        return str(error)
    return ""


def encode(folder, model="adm", name="manifest", output="z"):
    files = {"vae": f"{model}.json", "manifest": f"{name}.parquet", "pictures": "p.tar"}
    return run(folder, encode_shard, SETTINGS, **files, output=f"{output}.safetensors")


def measured(folder, name="manifest", queries=QUERIES, model="adm", captions=()):
    """Measure the latents `z`; the table that comes of it lies under `name`."""
    settings = {**SETTINGS, "dtype": "float32", "batch_size": 3, "compile": False, "repeats": 1}
    settings |= {"flush_seconds": 30, "shards": 1, "seed": 0, "queries": dump(queries)}
    files = {"model": f"{model}.json", "manifest": f"{name}.parquet", "latents": "z.safetensors"}
    files |= {"ledger": f"ledger-{name}"}

    def work(options):
        options.output, options.pictures = (
            [str(folder / f"signals/{model}/{name}/denoise/000.parquet")],
            None,
        )
        options.captions = captions
        measure(options)

    return run(folder, work, settings, **files)


def test_a_set_is_measured_with_its_classes(folder):
    """What is measured are the losses of the pipeline's own transformer, with its own numbers."""
    assert encode(folder) == "" and measured(folder) == ""
    table = storage.read(folder / "signals/adm/manifest/denoise/000.parquet")
    table = table[~table["repeat"]]
    assert len(table) == 4 * len(QUERIES)
    shard = Shard(folder / "manifest.parquet", folder / "z.safetensors", ["a"])
    pipeline = DiTPipeline.from_pretrained(folder / "model")
    alpha_bar = pipeline.scheduler.alphas_cumprod
    classes = dict(zip(KEYS, [207, 1, 207, 999], strict=True))
    for row in table.itertuples():
        z0 = torch.from_numpy(shard.z0([row.image_id]))[0]
        noise = torch.from_numpy(draw_noise(0, row.image_id, row.draw, tuple(z0.shape)))
        kept = alpha_bar[row.timestep]
        z = kept.sqrt() * z0 + (1 - kept).sqrt() * noise
        for side, number in (("null", 1000), ("caption", classes[row.key])):
            told = torch.tensor([row.timestep]), torch.tensor([number])
            with torch.no_grad():
                answer = pipeline.transformer(z[None], *told).sample[0, :4]
            expected = ((noise - answer) ** 2).mean().item()
            assert getattr(row, f"loss_{side}") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", ["centre", "adm"])
def test_latents_and_pixels_are_prepared_as_the_models_block_says(folder, name):
    assert encode(folder, name, output=name) == ""
    vae = storage.read_json(folder / f"{name}.json")["vae"]
    assert vae["preparation"] == name
    shard = Shard(
        folder / "manifest.parquet", folder / f"{name}.safetensors", ["a"], folder / "p.tar"
    )
    ids = list(shard.images.index)
    numbers = [KEYS.index(key) for key in shard.images["key"]]
    pixels = np.stack([prepare(picture(number), 16, name) for number in numbers])
    np.testing.assert_array_equal(shard.pixels(ids, vae), pixels)
    latents = Autoencoder(vae, "cpu").encode(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(shard.z0(ids), latents, rtol=1e-4, atol=1e-5)


def test_two_preparations_give_two_latents(folder):
    found = []
    for name in ("centre", "adm"):
        assert encode(folder, name, output=name) == ""
        found.append(latents_file.z0(folder / f"{name}.safetensors", range(4)))
    assert np.abs(found[0] - found[1]).max() > 0.01


WRONG = ["", "a photo of a dog", "1000", "crane", "207.0"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", [0, 3])
def test_a_wrong_caption_stops_encoding(folder, wrong, place):
    captions = list(CAPTIONS)
    captions[place] = wrong
    manifest(folder, captions, "wrong")
    said = encode(folder, name="wrong", output="none")
    path = folder / "wrong.parquet"
    assert said.startswith(f"{path}: image {KEYS[place]}: caption: {json.dumps(wrong)}; ")
    assert "expected" in said and not (folder / "none.safetensors").exists()


def test_a_missing_caption_is_an_empty_one(folder):
    manifest(folder, [*CAPTIONS[:3], None], "gap")
    assert f'image {KEYS[3]}: caption: ""; expected a class' in encode(folder, name="gap")


def test_captions_of_parts_that_nobody_measures_may_be_anything(folder):
    manifest(folder, ["any words"] * 4, "others", part="b")
    assert encode(folder, name="others", output="others") == ""


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_caption_stops_measuring(folder, wrong):
    """The set was encoded before its captions changed."""
    assert encode(folder) == ""
    manifest(folder, [wrong, *CAPTIONS[1:]], "later")
    said = measured(folder, "later")
    assert f"later.parquet: image {KEYS[0]}: caption: {json.dumps(wrong)};" in said
    assert not (folder / "signals/adm/later").exists() and not (folder / "ledger-later").exists()


def test_another_caption_of_an_image_is_looked_at_where_it_is_told(folder):
    assert encode(folder) == ""
    manifest(folder, CAPTIONS, "told", blip=["1", "2", "a dog", "3"])
    asked = [
        build_attack("row", {"attack": "loss", "draws": 1, "condition": condition}).queries
        for condition in ("null", "alt-blip")
    ]
    assert measured(folder, "told", asked[0]) == ""
    said = measured(folder, "told", asked[1])
    assert f'told.parquet: image {KEYS[2]}: alt-blip: "a dog"; expected' in said


def test_what_no_caption_is_told_for_needs_none(folder):
    """The set of a text model may be measured under the condition `null`, once it is encoded."""
    assert encode(folder) == ""
    manifest(folder, ["any words"] * 4, "null")
    asked = build_attack("row", {"attack": "loss", "draws": 1, "condition": "null"}).queries
    assert measured(folder, "null", asked) == ""


def test_a_model_prepared_otherwise_answers_nothing_of_another(folder):
    """Rows of a ledger are for one preparation."""
    settings = {"seed": 0, "dtype": "float32"}
    told = [
        shared_inputs(storage.read_json(folder / f"{name}.json"), settings)
        for name in ("centre", "adm")
    ]
    assert told[0] != told[1]
