"""Large text encoders are dropped before the model is loaded, and no number depends on it."""

import argparse
import json
import tempfile
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from mia import storage
from mia.denoisers.shared import denoiser as shared_denoiser
from mia.measuring import stored_texts
from mia.models import latents_file
from mia.models.families import module_of
from mia.models.folder import describe
from mia.query import Query, dump
from mia.signals import captions
from mia.stages import measure
from tiny_families import tiny

QUERIES = [
    Query("denoise", 300, 0, "both"),
    Query("denoise", 300, 1, "alt-blip"),
    Query("clean", 100, 0, "null"),
    Query("gradient", 300),
    *(
        Query("captions", 300, 0, further=(("variant", variant),))
        for variant in ("drop-50", "shuffled", "third-2")
    ),
]
# Five images; one is in both parts under two captions, so that there are two layers.
ROWS = [
    ("a" * 16, "member", "a red cat", "cat"),
    ("b" * 16, "member", "a blue dog", ""),
    ("c" * 16, "member", "", "bird"),
    ("d" * 16, "nonmember", "two birds and a dog", "two"),
    ("a" * 16, "nonmember", "a red dog", "dog"),
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Measure with a family's tiny model in a folder of its own; signal to its table."""
    models = {}

    def described(family):
        if family not in models:
            torch.manual_seed(0)
            folder = tmp_path_factory.mktemp("models") / family
            tiny(family).save(folder)
            options = getattr(tiny(family), "OPTIONS", {})
            models[family] = {"name": "tiny", **describe(folder, options=options)}
        return models[family]

    def run(family):
        model, folder = described(family), tmp_path_factory.mktemp("run")
        storage.write_json(model, folder / "model.json")
        ids, parts, told, others = map(list, zip(*ROWS, strict=True))
        keys = [f"k{number}" for number in range(len(ROWS))]
        rows = {"key": keys, "image_id": ids, "part": parts, "kept": True, "caption": told}
        rows["alternates"] = [json.dumps({"blip": other}) for other in others]
        storage.write(pd.DataFrame(rows), folder / "manifest.parquet")
        z0 = np.random.default_rng(0).standard_normal((4, *model["latent_shape"]))
        latents_file.write(z0.astype(np.float32), keys[:4], ids[:4], folder / "latents")
        manifest = pd.DataFrame(rows).assign(key=[*keys[:4], keys[0]])
        storage.write(manifest, folder / "manifest.parquet")
        settings = {"device": "cpu", "dtype": "float32", "batch_size": 2, "compile": False}
        settings |= {"flush_seconds": 30, "repeats": 1, "seed": 0, "shards": 1}
        settings |= {"queries": dump(QUERIES), "parts": ["member", "nonmember"]}
        names = sorted({query.signal for query in QUERIES})
        outputs = [folder / f"signals/tiny/all/{name}/000.parquet" for name in names]
        given = SimpleNamespace(
            model=str(folder / "model.json"),
            manifest=str(folder / "manifest.parquet"),
            latents=str(folder / "latents"),
            pictures=None,
            captions=[],
            shard="000",
            threads=1,
            ledger=str(folder / "ledger"),
            output=[str(path) for path in outputs],
            settings=settings,
        )
        measure.measure(argparse.Namespace(**vars(given)))
        return {name: storage.read(path) for name, path in zip(names, outputs, strict=True)}

    return run


@pytest.fixture
def loads(monkeypatch):
    """Each part as it is loaded: its name, and the parts that are there at that time."""
    found, there = [], {}
    load = shared_denoiser.load_whole

    def keep(kind, folder, variant):
        found.append((folder.name, sorted(name for name, part in there.items() if part())))
        part = load(kind, folder, variant)
        there[folder.name] = weakref.ref(part)
        return part

    monkeypatch.setattr(shared_denoiser, "load_whole", keep)
    return found


def assert_same(one, other, exactly=True):
    for name, table in one.items():
        assert len(table) and (table["repeat"].any())
        options = {"check_exact": True} if exactly else {"rtol": 1e-4, "atol": 1e-6}
        pd.testing.assert_frame_equal(table, other[name], **options)


ENCODERS = {"text_encoder", "text_encoder_2", "text_encoder_3"}


@pytest.mark.parametrize("family", ["stable_diffusion3", "sana", "stable_diffusion"])
def test_large_encoders_are_gone_before_the_model_is_loaded(family, bench, loads, monkeypatch):
    plain = bench(family)
    queried = module_of(family).family.denoiser
    assert any(there and name == queried for name, there in loads), "nothing to drop"
    loads.clear()
    monkeypatch.setattr(stored_texts, "LARGE", 0)
    stored = bench(family)
    # Stable Diffusion embeds a batch at once: beyond rounding that is the same.
    assert_same(plain, stored, exactly=family != "stable_diffusion")
    assert queried in [name for name, _ in loads]
    for name, there in loads:
        others = {*there} & ({queried} if name in ENCODERS else ENCODERS)
        assert not others, f"{name} is loaded beside {others}"


def test_a_text_that_was_not_foreseen_is_embedded_all_the_same(bench, loads, monkeypatch):
    plain = bench("sana")
    monkeypatch.setattr(stored_texts, "LARGE", 0)
    bench("sana")
    once = sum(name == "text_encoder" for name, _ in loads)
    monkeypatch.delattr(captions, "embeds")
    loads.clear()
    assert_same(plain, bench("sana"))
    assert sum(name == "text_encoder" for name, _ in loads) > once
    assert all(len(there) == 0 for _, there in loads)


def test_small_encoders_are_left_alone_and_no_file_stays(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = []
    monkeypatch.setattr(stored_texts, "save_file", lambda *given: kept.append(given))
    bench("stable_diffusion")
    assert not kept
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(stored_texts, "LARGE", 0)
    seen = []
    save = stored_texts.save_file
    monkeypatch.setattr(
        stored_texts, "save_file", lambda tensors, path: (seen.append(path), save(tensors, path))
    )
    bench("stable_diffusion")
    assert seen and all(Path(path).is_relative_to(tmp_path) for path in seen)
    assert not [*tmp_path.iterdir()]
    # One file a text: the null, five captions, four others, and those that the signal makes.
    assert len(seen) == len({*seen})
