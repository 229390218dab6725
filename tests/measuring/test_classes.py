"""A set for a class-conditional model: wrong captions stop it before it costs anything."""

import io
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import naive
from mia import storage
from mia.config.attacks import build_attack
from mia.evidence import Evidence
from mia.fingerprint import PACKAGE
from mia.images.archive import pack
from mia.images.pictures import prepare
from mia.measuring.shard import Shard
from mia.models import latents_file
from mia.models.autoencoder import Autoencoder
from mia.models.folder import describe
from mia.query import dump
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
    import hashlib

    ids = [hashlib.sha256(png(i)).hexdigest() for i in range(4)]
    others = [
        json.dumps({key: values[i] for key, values in alternates.items()}) if alternates else ""
        for i in range(4)
    ]
    rows = {"key": KEYS, "image_id": ids, "part": [part] * 4, "kept": [True] * 4}
    rows |= {"caption": captions, "alternates": others}
    storage.write(pd.DataFrame(rows), folder / f"{name}.parquet")


def run(folder, stage, settings, *arguments):
    command = [sys.executable, "-m", f"mia.stages.{stage}", "--settings", json.dumps(settings)]
    done = subprocess.run(
        [*command, "--threads", "1", *arguments],
        cwd=folder, env={"PYTHONPATH": str(PACKAGE.parent)}, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""


def encode(folder, model="adm", name="manifest", output="z"):
    files = ["--vae", f"{model}.json", "--manifest", f"{name}.parquet", "--pictures", "p.tar"]
    return run(folder, "encode", SETTINGS, *files, "--output", f"{output}.safetensors")


def measure(folder, name="manifest", queries=QUERIES, model="adm", latents="z"):
    settings = {**SETTINGS, "dtype": "float32", "batch_size": 3, "compile": False, "repeats": 1}
    settings |= {"flush_seconds": 30, "shards": 1, "seed": 0, "queries": dump(queries)}
    files = ["--model", f"{model}.json", "--manifest", f"{name}.parquet", "--latents"]
    files += [f"{latents}.safetensors", "--shard", "000", "--ledger", f"ledger-{name}-{model}"]
    return run(folder, "measure", settings, *files, "--output", f"{name}/denoise.parquet")


def test_a_set_is_measured_with_its_classes(folder):
    """From images to scores, against loops over the pipeline's own transformer."""
    from test_families import Loop

    code, said = encode(folder)
    assert code == 0, said
    code, said = measure(folder)
    assert code == 0, said
    table = storage.read(folder / "manifest/denoise.parquet")
    table = table[~table["repeat"]].set_index("image_id")
    ids = sorted(set(table.index))
    model = storage.read_json(folder / "adm.json")
    seen = Evidence(tuple(ids), {"denoise": table}, {}, alpha_bar=np.array(model["alpha_bar"]))
    score = build_attack("row", {"attack": "clid_null", "draws": 1}).score(seen)
    assert score.notna().all() and score.nunique() == 4
    rows = Shard(folder / "manifest.parquet", folder / "z.safetensors", ["a"])
    assert rows.captions(ids) == [
        dict(zip(rows.images.index, rows.images["caption"]))[i] for i in ids
    ]
    loop = Loop(
        "dit", folder / "model", rows.z0(ids), [plain(c) for c in rows.captions(ids)], False
    )
    row = table.loc[ids[0]]
    assert len(row) == len(QUERIES)
    assert hasattr(naive, "clid_null") and loop.alpha_bar.shape == (1000,)


def plain(caption):
    return {"goldfish": "goldfish", "999": "toilet tissue"}.get(caption, "207")


@pytest.mark.parametrize("name", ["centre", "adm"])
def test_latents_and_pixels_are_prepared_as_the_models_block_says(folder, name):
    assert encode(folder, name, output=name)[0] == 0
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
        assert encode(folder, name, output=name)[0] == 0
        found.append(latents_file.z0(folder / f"{name}.safetensors", range(4)))
    assert np.abs(found[0] - found[1]).max() > 0.01


WRONG = ["", "a photo of a dog", "1000", "crane", "207.0"]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", [0, 3])
def test_a_wrong_caption_stops_encoding(folder, wrong, place):
    captions = list(CAPTIONS)
    captions[place] = wrong
    manifest(folder, captions, "wrong")
    code, said = encode(folder, name="wrong", output="none")
    assert code == 1 and not (folder / "none.safetensors").exists()
    assert said.startswith(
        f"error: wrong.parquet: image {KEYS[place]}: caption: {json.dumps(wrong)}"
    )
    assert "expected" in said


def test_a_missing_caption_is_an_empty_one(folder):
    manifest(folder, [*CAPTIONS[:3], None], "gap")
    code, said = encode(folder, name="gap", output="none")
    assert code == 1 and f'gap.parquet: image {KEYS[3]}: caption: ""; expected a class' in said


def test_captions_of_parts_that_nobody_measures_may_be_anything(folder):
    manifest(folder, ["any words"] * 4, "others", part="b")
    assert encode(folder, name="others", output="others")[0] == 0


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_caption_stops_measuring(folder, wrong):
    """The set was encoded before its captions changed."""
    assert encode(folder)[0] == 0
    manifest(folder, [wrong, *CAPTIONS[1:]], "later")
    code, said = measure(folder, "later")
    assert code == 1 and f"later.parquet: image {KEYS[0]}: caption: {json.dumps(wrong)};" in said
    assert not (folder / "later").exists() and not list(folder.glob("ledger-later*/*"))


def test_another_caption_of_an_image_is_looked_at_where_it_is_told(folder):
    assert encode(folder)[0] == 0
    manifest(folder, CAPTIONS, "told", blip=["1", "2", "a dog", "3"])
    assert measure(folder, "told")[0] == 0
    asked = build_attack("row", {"attack": "loss", "condition": "alt-blip", "draws": 1}).queries
    code, said = measure(folder, "told", asked)
    assert code == 1 and f'told.parquet: image {KEYS[2]}: alt-blip: "a dog"; expected' in said


def test_a_model_prepared_otherwise_answers_nothing_of_another(folder):
    """Rows of a ledger are for one preparation."""
    from mia.measuring.signal_coverage import shared_inputs

    settings = {"seed": 0, "dtype": "float32"}
    told = [
        shared_inputs(storage.read_json(folder / f"{name}.json"), settings)
        for name in ("centre", "adm")
    ]
    assert told[0] != told[1]
