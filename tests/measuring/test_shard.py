"""What a measuring job looks at: an image in two parts keeps both its captions."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from mia import storage
from mia.measuring.shard import Shard


def shard(folder, rows):
    """A shard of (key, image_id, part, caption, other caption)."""
    table = pd.DataFrame(rows, columns=["key", "image_id", "part", "caption", "other"])
    table["alternates"] = [json.dumps({"blip": other}) if other else "" for other in table["other"]]
    storage.write(table.drop(columns="other").assign(kept=True), folder / "manifest.parquet")
    latents = {"z0": np.arange(len(table), dtype=np.float32).reshape(-1, 1, 1, 1)}
    held = {name: json.dumps(table[name].tolist()) for name in ("key", "image_id")}
    save_file(latents, folder / "latents.safetensors", held)
    parts = ["member", "nonmember"]
    return Shard(folder / "manifest.parquet", folder / "latents.safetensors", parts)


def test_equal_pictures_with_other_captions_are_in_layers_of_their_own(tmp_path):
    rows = [
        ("k3", "a", "nonmember", "a red cat", "one"),
        ("k1", "b", "member", "two birds", "two"),
        ("k2", "a", "member", "a dog", ""),
    ]
    first, second = shard(tmp_path, rows).layers()
    assert first.images.to_dict("index") == {
        "a": {"caption": "a dog", "alt-blip": "", "key": "k2", "place": 0},
        "b": {"caption": "two birds", "alt-blip": "two", "key": "k1", "place": 1},
    }
    assert second.images.to_dict("index") == {
        "a": {"caption": "a red cat", "alt-blip": "one", "key": "k3", "place": 0}
    }
    assert first.captions(["b", "a"]) == ["two birds", "a dog"]
    assert first.alternates(["b", "a"]) == {"blip": ["two", ""]}


def test_a_shard_without_pictures_has_one_layer(tmp_path):
    (layer,) = shard(tmp_path, []).layers()
    assert len(layer.images) == 0 and {"key", "caption"} <= set(layer.images)


def test_sizes_are_read_for_models_that_are_told_them(tmp_path):
    """Height before width, as many as images, in the order that is asked for."""
    rows = [("k1", "a", "member", "a", ""), ("k2", "b", "nonmember", "b", "")]
    plain = shard(tmp_path, rows)
    assert plain.sizes(["a", "b"]) == [] and "width" not in plain.images
    manifest = tmp_path / "manifest.parquet"
    with pytest.raises(Exception, match="height"):
        Shard(manifest, plain.latents, ["member"], sized=True)
    table = storage.read(manifest).assign(width=[640, 30], height=[480, 40])
    storage.write(table.astype({"width": "Int64", "height": "Int64"}), manifest)
    sized = Shard(manifest, plain.latents, ["member", "nonmember"], sized=True)
    assert sized.sizes(["b", "a"]) == [(40, 30), (480, 640)]
    (layer,) = sized.layers()
    assert layer.first(1).sizes(["a"]) == [(480, 640)]
    assert all(type(side) is int for size in sized.sizes(["a", "b"]) for side in size)


def test_the_first_of_each_part_are_the_same_wherever_shards_are_cut(tmp_path):
    rows = [(f"k{n}", f"i{n}", ("member", "nonmember")[n % 2], "a cat", "") for n in range(8)]
    whole = shard(tmp_path, rows)
    assert list(whole.first(2).images.index) == ["i0", "i1", "i2", "i3"]
    assert whole.first(0).images.empty and len(whole.images) == 8
    held = {name: json.dumps([f"{name[0]}{n}" for n in (3, 6)]) for name in ("key", "image_id")}
    save_file({"z0": np.zeros((2, 1, 1, 1), np.float32)}, tmp_path / "latents.safetensors", held)
    cut = Shard(
        tmp_path / "manifest.parquet", tmp_path / "latents.safetensors", ["member", "nonmember"]
    )
    assert list(cut.first(2).images.index) == ["i3"]
