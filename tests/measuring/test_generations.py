"""Images that are made for a job: after a kill, under exchanged captions, in any batch."""

import argparse
import io
import json
import re
import sys
import tarfile

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import tiny_clip
from mia import storage
from mia.attacks.shared.generated import queries, variations
from mia.images.archive import pack
from mia.measuring.batch import Batch
from mia.models import latents_file
from mia.models.folder import describe
from mia.query import dump
from mia.signals import generation, variation
from mia.signals.shared.evals import keeping
from mia.stages import gather
from mia.stages.measure import measure
from mia.told_captions import under

SIDE, CAPTIONS = 16, ["a red cat", "a blue dog", "two birds", "a dog"]
EXCHANGED = ["a blue dog", "a red cat", "a dog", "two birds"]
KEYS = [f"k{number}" for number in range(len(CAPTIONS))]
OWN = queries(3, 2.0, 2, "caption")
SHUFFLED = tuple(under(query, "shuffled:fair") for query in OWN)
VARIED = variations([120], 2, "caption", 50, 1.0)
PROMISED = len(generation.predictions(OWN[1])) + len(variation.predictions(VARIED[1]))


@pytest.fixture
def bench(tmp_path, tiny_sd, capsys):
    """Return a function that measures; what it returns is the evals done and signal to table."""
    folder = tmp_path / "images/mine"
    folder.mkdir(parents=True)
    model = {"name": "tiny", **describe(tiny_sd)}
    storage.write_json(model, tmp_path / "model.json")
    rng, files = np.random.default_rng(0), []
    for key in KEYS:
        buffer = io.BytesIO()
        pixels = rng.integers(0, 255, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(buffer, "PNG")
        files.append((key, buffer.getvalue()))
    ids = list(pack(files, tmp_path / "pictures.tar").values())
    z0 = rng.standard_normal((len(KEYS), *model["latent_shape"])).astype(np.float32)
    latents_file.write(z0, KEYS, ids, tmp_path / "latents")
    exchanged = tmp_path / "targets/fair/captions.parquet"
    exchanged.parent.mkdir(parents=True)
    storage.write(pd.DataFrame({"set": "mine", "key": KEYS, "shuffled": EXCHANGED}), exchanged)

    def run(asked, captions=CAPTIONS, ledger="ledger", size=4, encoder=None, repeats=0):
        rows = {"key": KEYS, "image_id": ids, "part": "all", "kept": True, "caption": captions}
        storage.write(pd.DataFrame({**rows, "alternates": ""}), folder / "manifest.parquet")
        names = sorted({query.signal for query in asked})
        outputs = [tmp_path / f"signals/tiny/mine/{name}/000.parquet" for name in names]
        settings = {"device": "cpu", "dtype": "float32", "batch_size": size, "compile": False}
        settings |= {"flush_seconds": 0, "repeats": repeats, "seed": 0, "shards": 1}
        settings |= {"queries": dump(asked), "parts": ["all"]}
        settings |= {"embedding": encoder} if encoder else {}
        paths = {"model": "model.json", "latents": "latents", "pictures": "pictures.tar"}
        options = argparse.Namespace(
            **{name: str(tmp_path / path) for name, path in paths.items()},
            ledger=str(tmp_path / ledger),
            manifest=str(folder / "manifest.parquet"),
            captions=[str(exchanged)],
            shard="000",
            threads=1,
            output=list(map(str, outputs)),
            settings=settings,
        )
        capsys.readouterr()
        measure(options)
        said = capsys.readouterr().err
        evals = sum(map(int, re.findall(r"measured (?:again )?(\d+) evals", said)))
        return evals, {n: storage.read(path) for n, path in zip(names, outputs, strict=True)}

    return run


def assert_equal(one, other):
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name], rtol=1e-4, atol=1e-5)


class Killed(Exception):
    """Stands for a kill: nothing after it runs."""


def test_a_job_that_is_killed_amid_a_chain_makes_that_chain_again(bench, monkeypatch):
    """Batches of two: the first is in the ledger, the second dies at its third step."""
    asked = (*OWN, *VARIED)
    _, whole = bench(asked, ledger="whole", size=2)
    outputs, calls = Batch.outputs, []

    def dying(self, *given):
        calls.append(given)
        if len(calls) > 12 + 3:  # two draws of three steps under two conditions, then some
            raise Killed
        return outputs(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "outputs", dying)
        with pytest.raises(Killed):
            bench(asked, size=2)
    evals, again = bench(asked, size=2)
    assert_equal(again, whole)
    assert evals == 2 * PROMISED, "the two images of the second batch, whole"
    assert bench(asked, size=2)[0] == 0


def test_no_number_depends_on_the_batch(bench):
    asked = (*OWN, *VARIED)
    assert_equal(bench(asked, ledger="four")[1], bench(asked, ledger="one", size=1)[1])


def test_a_further_draw_makes_the_earlier_ones_again_and_changes_no_row(bench):
    _, two = bench(OWN)
    evals, three = bench(queries(3, 2.0, 3, "caption"))
    assert evals == len(KEYS) * 3 * 3 * 2
    first = three["generation"][three["generation"]["draw"] < 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, two["generation"])


def test_generations_of_exchanged_captions_are_compared_with_the_image_itself(bench):
    """What `shuffled` makes is what a manifest with those captions would make."""
    _, controlled = bench((*OWN, *SHUFFLED))
    table = controlled["generation"]
    shuffled = table[table["captions"] == "shuffled:fair"]
    _, exchanged = bench(OWN, captions=EXCHANGED, ledger="exchanged")
    columns = [*generation.MEASURES]
    np.testing.assert_allclose(shuffled[columns], exchanged["generation"][columns], rtol=1e-4)
    own = table[table["captions"].isna()]
    assert (own["rms_pixel"].to_numpy() != shuffled["rms_pixel"].to_numpy()).all()


# Embeddings of outputs


ALSO = (*queries(3, 2.0, 2, "caption", True), *variations([120], 2, "caption", 50, 1.0, True))


@pytest.fixture
def encoder(tmp_path):
    return tiny_clip.save(tiny_clip.build(), tmp_path / "clip")


def test_outputs_are_made_once_for_rows_with_the_cosine_and_without(bench, encoder):
    """Of four images each output has its own cosine, and the plain rows have none."""
    evals, both = bench((*OWN, *VARIED, *ALSO), encoder=encoder)
    assert evals == len(KEYS) * PROMISED
    for name, table in both.items():
        told = table["embedded"].eq(True).to_numpy()
        assert told.sum() == (~told).sum() == 2 * len(KEYS), name
        assert table["cosine"].isna().eq(~told).all()
        assert table.loc[told, "cosine"].abs().le(1).all() and table["cosine"].nunique() > len(KEYS)
        others = [column for column in table.select_dtypes("number") if column != "cosine"]
        np.testing.assert_array_equal(table.loc[told, others], table.loc[~told, others])
    assert bench((*OWN, *VARIED))[0] == 0, "rows with the cosine answer those without"


def test_no_cosine_depends_on_the_batch(bench, encoder):
    four = bench(ALSO, ledger="four", encoder=encoder)[1]
    assert_equal(four, bench(ALSO, ledger="one", size=1, encoder=encoder)[1])


def test_another_encoder_is_asked_anew_and_a_moved_one_is_not(bench, encoder, tmp_path):
    evals, first = bench((*OWN, *ALSO), encoder=encoder)
    (tmp_path / "clip").rename(tmp_path / "moved")
    encoder["path"] = str(tmp_path / "moved")
    assert bench((*OWN, *ALSO), encoder=encoder)[0] == 0
    path = tmp_path / "moved/preprocessor_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "image_mean": [0.1, 0.9, 0.1]}))
    again, prepared = bench((*OWN, *ALSO), encoder=encoder)
    assert again == evals and (prepared["generation"]["cosine"].dropna() < 1).all()
    torch.manual_seed(1)
    model = tiny_clip.build()
    with torch.no_grad():
        model.visual_projection.weight.normal_()
    other = tiny_clip.save(model, tmp_path / "other")
    assert bench(ALSO, encoder=other)[0] == evals
    columns = ["image_id", "draw", "cosine"]
    old, new = (table["generation"][columns].dropna() for table in (first, prepared))
    assert (old["cosine"].to_numpy() != new["cosine"].to_numpy()).all()


def test_plain_rows_need_no_encoder_and_outlast_one(bench, encoder):
    bench(OWN)
    evals, _ = bench((*OWN, *ALSO[:2]), encoder=encoder)
    assert evals == len(KEYS) * len(generation.predictions(OWN[1]))
    assert bench(OWN)[0] == 0


# Outputs that are kept


KEPT = tuple(map(keeping, (*OWN, *VARIED)))


def images_of(table):
    kept = table[table["kept"].eq(True)]
    pixels = np.stack(kept["output"]).astype(float) / 255
    return kept, pixels.reshape(len(kept), SIDE, SIDE, 3)


def test_a_kept_output_is_what_was_measured(bench, tmp_path):
    """Its distance from the file's pixels is the one in its row, but for rounding to 8 bits."""
    evals, tables = bench((*OWN, *VARIED, *KEPT))
    assert evals == len(KEYS) * PROMISED, "made once"
    with tarfile.open(tmp_path / "pictures.tar") as archive:
        files = {n.partition(".")[0]: archive.extractfile(n).read() for n in archive.getnames()}
    for name, table in tables.items():
        kept, made = images_of(table)
        assert len(kept) == 2 * len(KEYS)
        assert table.loc[table["kept"].isna(), "output"].isna().all()
        own = np.stack([np.asarray(Image.open(io.BytesIO(files[key]))) for key in kept["key"]])
        gap = np.sqrt(((own / 255 - made) ** 2).mean((1, 2, 3)))
        np.testing.assert_allclose(gap, kept["rms_pixel"], atol=1 / 255, err_msg=name)
        assert kept["rms_pixel"].nunique() == len(kept)


def test_outputs_are_made_anew_only_where_they_were_not_kept(bench):
    plain = bench((*OWN, *VARIED))[1]
    evals, tables = bench((*OWN, *VARIED, *KEPT))
    assert evals == len(KEYS) * PROMISED, "numbers alone hold no image"
    assert bench((*OWN, *VARIED, *KEPT))[0] == 0
    assert_equal(bench((*OWN, *VARIED))[1], plain)
    assert bench((*OWN, *VARIED))[0] == 0, "kept rows answer plain ones"
    assert bench((*OWN, *VARIED, *KEPT), ledger="one", size=1)[0] == evals
    one = bench((*OWN, *VARIED, *KEPT), ledger="one", size=1)[1]
    for name, table in tables.items():
        np.testing.assert_allclose(images_of(one[name])[1], images_of(table)[1], atol=1 / 254)


def test_kept_outputs_stand_beside_the_cosine(bench, encoder):
    both = tuple(map(keeping, ALSO))
    evals, tables = bench((*OWN, *VARIED, *ALSO, *KEPT, *both), encoder=encoder)
    assert evals == len(KEYS) * PROMISED
    for table in tables.values():
        assert table["output"].notna().eq(table["kept"].eq(True)).all()
        assert table["cosine"].notna().eq(table["embedded"].eq(True)).all()
        assert table["query"].nunique() == 8 and len(table) == 8 * len(KEYS)


def test_a_query_file_holds_outputs_once(bench, tmp_path, monkeypatch):
    """Second measurements are in a file's metadata, which is no place for images."""
    bench((*OWN, *KEPT[:2]), repeats=2)
    settings = {"queries": dump((*OWN, *KEPT[:2])), "shards": ["000"]}
    argv = ["gather", "--model", str(tmp_path / "model.json"), "--set", "mine"]
    argv += ["--signals", str(tmp_path / "signals/tiny/mine"), "--folder", str(tmp_path / "files")]
    monkeypatch.setattr(sys, "argv", [*argv, "--settings", json.dumps(settings)])
    gather.main()
    path = tmp_path / f"files/{KEPT[0].path}.parquet"
    assert images_of(storage.read(path))[1].shape == (len(KEYS), SIDE, SIDE, 3)
    again = storage.metadata(path)["repeats"]
    assert len(again) == 2 and not any("output" in row for row in again)
    assert storage.read(tmp_path / f"files/{OWN[0].path}.parquet")["output"].isna().all()
