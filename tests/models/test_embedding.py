"""A CLIP image encoder, tiny and saved as the hub's are: embeddings, pairs, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import tiny_clip
from mia import storage
from mia.file_hash import file_hash
from mia.images import archive, hashes
from mia.images.duplicates import cosine_search
from mia.images.duplicates.pairs import matches, pairs_within
from mia.images.pictures import prepare
from mia.models.clip_folder import encoder_name
from mia.models.clip_image import Embedder
from mia.models.model_json import ModelError
from mia.stages import embed
from mia.targets import nearness
from micro_experiment import IMAGES
from tiny_clip import MEAN, SIZE, SPREAD
from workbench import Workbench

RULE = {"phash": 6, "rmse": 0.15, "mirror_rmse": 0.05}


@pytest.fixture(scope="module")
def model():
    return tiny_clip.build()


@pytest.fixture
def folder(tmp_path, model):
    tiny_clip.save(model, tmp_path / "clip")
    return tmp_path / "clip"


@pytest.fixture
def spec(folder):
    return {"path": str(folder), "sha256": file_hash(folder / "model.safetensors")}


def blobs(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((40, 30), Image.Resampling.BICUBIC)


def test_embeddings_are_the_models_own_at_length_one(model, spec):
    embedder = Embedder(spec, "cpu", threads=1)
    pixels = np.stack([prepare(blobs(n), embedder.size) for n in range(3)])
    levels = (torch.from_numpy(pixels) * 0.5 + 0.5).permute(0, 2, 3, 1)
    prepared = ((levels - torch.tensor(MEAN)) / torch.tensor(SPREAD)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        pooled = model.vision_model(prepared).pooler_output
        expected = torch.nn.functional.normalize(pooled @ model.visual_projection.weight.T)
    found = np.stack([embedder(picture) for picture in pixels])
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)
    assert found.dtype == np.float32


def test_other_weights_and_pickles_are_refused(folder, spec):
    with pytest.raises(ModelError, match=r"model\.safetensors: sha256 .* the config promises 000"):
        Embedder({**spec, "sha256": "0" * 64}, "cpu", 1)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"model\.safetensors: missing; .* never a pickle"):
        Embedder(spec, "cpu", 1)


def test_a_folder_of_something_else_is_refused(folder, spec):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ModelError, match="'bert': expected clip or clip_vision_model"):
        Embedder(spec, "cpu", 1)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ModelError, match=r"preprocessor_config\.json: missing"):
        Embedder(spec, "cpu", 1)


def test_weights_that_lack_a_tensor_are_refused(folder):
    """transformers would draw the missing ones at random and only remark on it."""
    tensors = load_file(folder / "model.safetensors")
    del tensors["visual_projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    spec = {"path": str(folder), "sha256": file_hash(folder / "model.safetensors")}
    with pytest.raises(ModelError, match=r"1 missing \(visual_projection\.weight"):
        Embedder(spec, "cpu", 1)


def test_the_stage_embeds_what_could_be_opened(tmp_path, spec):
    pictures = {f"{n:016x}": blobs(n) for n in range(3)}
    packed = []
    for key, picture in pictures.items():
        picture.save(tmp_path / "one.png")
        packed.append((key, (tmp_path / "one.png").read_bytes()))
    ids = archive.pack([*packed, ("f" * 16, b"<html>")], tmp_path / "pictures.tar").values()
    status = ["success"] * 3 + ["not_an_image"]
    rows = pd.DataFrame({"key": [*pictures, "f" * 16], "status": status, "image_id": ids})
    storage.write(rows, tmp_path / "rows.parquet")
    arguments = ["--rows", str(tmp_path / "rows.parquet"), "--pictures"]
    arguments += [
        str(tmp_path / "pictures.tar"),
        "--settings",
        json.dumps({**spec, "device": "cpu"}),
        "--channel",
        "embedding",
    ]
    embed.main([*arguments, "--threads", "1", "--output", str(tmp_path / "out.parquet")])
    found = storage.read(tmp_path / "out.parquet")
    assert found["key"].tolist() == list(pictures)
    embedder = Embedder(spec, "cpu", 1)
    expected = [embedder(prepare(picture, SIZE)) for picture in pictures.values()]
    np.testing.assert_array_equal(cosine_search.vectors(found["embedding"].tolist()), expected)


def at(degrees):
    """A unit vector in the plane, as stored."""
    radians = np.deg2rad(degrees)
    return np.array([np.cos(radians), np.sin(radians)], np.float32).tobytes()


def rows(angles):
    """Pictures unlike by hash, with embeddings at given angles."""
    table = []
    for n, angle in enumerate(angles):
        rgb = blobs(n)
        table.append(
            {
                "key": f"k{n}",
                "part": "",
                "image_id": f"{n:064x}",
                "phash": hashes.perceptual_hash(rgb),
                "phash_mirror": hashes.mirror_hash(rgb),
                "thumbnail": hashes.thumbnail(rgb),
                "embedding": at(angle),
            }
        )
    return pd.DataFrame(table)


def test_pairs_by_cosine_are_duplicates_or_for_review(monkeypatch):
    """cos 20° = 0.940, cos 30° = 0.866, cos 50° = 0.643, cos 60° = 0.5."""
    monkeypatch.setattr(cosine_search, "ENTRIES_AT_ONCE", 5)
    table = rows([0, 20, 50, 180])
    rule = {**RULE, "embedding": {"review": 0.6, "drop": 0.9}}
    found = pairs_within(table, rule)
    assert list(zip(found["key_a"], found["key_b"], found["kind"], strict=True)) == [
        ("k0", "k1", "embedding"),
        ("k0", "k2", "review"),
        ("k1", "k2", "review"),
    ]
    np.testing.assert_allclose(found["cosine"], [0.9397, 0.6428, 0.866], atol=1e-4)
    thumbnails = hashes.thumbnails(table["thumbnail"].tolist())
    np.testing.assert_allclose(found["rmse"][0], hashes.rmse(thumbnails[:1], thumbnails[1:2])[0])
    only = matches(table.iloc[:1], table.iloc[1:], rule)
    assert only[["a", "b", "kind"]].to_numpy().tolist() == [[0, 0, "embedding"], [0, 1, "review"]]
    assert not len(pairs_within(table, RULE))


def test_a_pair_that_hashes_find_keeps_its_kind_and_gets_its_cosine():
    table = rows([0, 20, 90])
    columns = ["phash", "phash_mirror", "thumbnail"]
    table.loc[1, columns] = table.loc[0, columns]
    found = pairs_within(table, {**RULE, "embedding": {"review": 0.6, "drop": 0.9}})
    assert found["kind"].tolist() == ["near"]
    assert found["cosine"].tolist() == [pytest.approx(0.9397, abs=1e-4)]


def test_isolation_by_embedding():
    table = rows([0, 20, 50, 180])
    near = nearness.near_members(table, table.iloc[:2], {"embedding": 0.8})
    assert near.tolist() == [True, True, True, False]


@pytest.mark.slow
def test_the_road_from_pictures_to_membership(tmp_path, tiny_sd, spec):
    """Every pair is for review; every other image is in the index by its embedding."""
    bench = Workbench.build(tmp_path / "micro", tiny_sd)
    embedding = {**spec, "review": -1, "drop": 0.999999}

    def embedded(config):
        config["image_sets"]["mine"]["duplicates"] = {"embedding": embedding}

    bench.configure(embedded)
    first = bench.run("results/images/mine/pairs.parquet").done()
    embedded = [job for job in first.jobs if job.startswith("embed/")]
    name = encoder_name(embedding)
    assert embedded == [f"embed/mine/{name}/embedding/00{shard}" for shard in range(2)]
    pairs = storage.read(bench.folder / "results/images/mine/pairs.parquet")
    pairs = pairs[pairs["kind"] == "review"]
    assert len(pairs) == IMAGES * (IMAGES - 1) // 2
    assert pairs["cosine"].between(-1, 1.000001).all()
    rows = storage.read(bench.folder / "results/images/mine/manifest.parquet")
    assert rows["kept"].all()
    vectors = cosine_search.vectors(rows["embedding"].tolist())[::2]
    storage.write(pd.DataFrame({"clip": (3 * vectors).tolist()}), bench.folder / "known.parquet")
    known = {"path": "known.parquet", "embedding": "clip", "embedding_model": spec["sha256"]}
    bench.configure(lambda config: config["targets"]["fair"].update(known=known))
    second = bench.run("results/targets/fair/membership.parquet").done()
    assert second.jobs == ["membership/fair"]
    found = storage.read(bench.folder / "results/targets/fair/membership.parquet")
    assert set(found.loc[found["in_index"], "key"]) == set(rows["key"].iloc[::2])
    assert (found["kept"] == (found["member"] | ~found["in_index"])).all()
    found = found.set_index("key").loc[rows["key"]]
    assert found["index_row"][::2].tolist() == list(range(len(vectors)))
    np.testing.assert_allclose(found["index_cosine"][::2], 1, atol=1e-6)
    assert found["index_cosine"][1::2].between(-1, 0.999999).all()
