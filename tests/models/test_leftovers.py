"""What systems leave in a model's folder, and names that are no text, change nothing."""

import os
import shutil

import pytest

import tiny_clip
from mia import storage
from mia.models import clip_folder
from mia.models.folder import ModelError, describe
from mia.models.single_file import single_file
from model_edits import WEIGHTS

NO_JSON = b"\x00\x05\x16\x07\x00Mac OS X"


@pytest.fixture
def folder(tiny_sd, tmp_path):
    return shutil.copytree(tiny_sd, tmp_path / "model")


def put(folder, name, data):
    """Write a file whose name may hold bytes that are no UTF-8, as surrogates."""
    with open(os.path.join(os.fsencode(folder), os.fsencode(name)), "wb") as file:
        file.write(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tokenizer/._vocab.json", NO_JSON),
        ("tokenizer/._merges.txt", NO_JSON),
        ("tokenizer/.spiece.model", b"x"),
        ("._model_index.json", NO_JSON),
        ("unet/._config.json", NO_JSON),
        ("unet/._diffusion_pytorch_model.safetensors", NO_JSON),
        ("scheduler/Desktop.ini", b"x"),
        ("tokenizer/caf\udce9.txt", b"x"),
        ("tokenizer/caf\udce9.json", b"{}"),
        ("vae/\udcff.safetensors", b"x"),
    ],
)
def test_a_model_is_described_as_without_it(name, data, folder, tmp_path):
    before = describe(folder)
    put(folder, name, data)
    after = describe(folder)
    assert after == before
    storage.write_json(after, tmp_path / "model.json")
    assert storage.read_json(tmp_path / "model.json")["files"] == before["files"]


def test_a_file_of_the_tokenizer_still_counts(folder):
    before = describe(folder)
    put(folder, "tokenizer/notes.txt", b"x")
    assert describe(folder)["files"].keys() - before["files"].keys() == {"tokenizer/notes.txt"}


@pytest.mark.parametrize("name", ["._config.json", "._tokenizer.json", ".DS_Store", "Thumbs.db"])
def test_a_clip_is_as_sound_as_without_it(name, tmp_path):
    tiny_clip.save(tiny_clip.build(), tmp_path)
    before = clip_folder.channels(tmp_path)
    put(tmp_path, name, NO_JSON)
    assert clip_folder.channels(tmp_path) == before == ("embedding", "text")
    put(tmp_path, "config-2.json", NO_JSON)
    with pytest.raises(ModelError, match=r"config-2\.json: not JSON"):
        clip_folder.channels(tmp_path)


@pytest.mark.parametrize("name", ["._sd.safetensors", ".sd.safetensors", "caf\udce9.safetensors"])
def test_the_line_that_converts_names_the_file_itself(name, folder, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copyfile(folder / WEIGHTS["unet"], alone / "sd.safetensors")
    before = single_file(alone)
    put(alone, name, NO_JSON)
    assert single_file(alone) == before and f"{alone}/sd.safetensors: a checkpoint" in before


@pytest.mark.parametrize("part", WEIGHTS)
def test_weights_that_are_missing_are_told_without_it(part, folder):
    path = folder / WEIGHTS[part]
    path.rename(path.with_name("mine.safetensors"))
    put(path.parent, f"._{path.stem}.fp16.safetensors", NO_JSON)
    put(path.parent, "._mine.safetensors", NO_JSON)
    with pytest.raises(ModelError, match=r"no weights; expected .*; found mine\.safetensors$"):
        describe(folder)
