"""Files and folders that a config names are looked at before anything runs, all at once."""

import os
from pathlib import Path

import pandas as pd
import pytest

from mia.config.check_files import check_files
from mia.config.errors import ConfigError
from mia.config.read import read

SHA = "0" * 64
CLIP = ("config.json", "preprocessor_config.json", "model.safetensors")


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A config of which every file is there."""
    monkeypatch.chdir(tmp_path)
    for name in ("images/a/0.png", "more/0.png", "list.txt", "urls.tsv"):
        put(name)
    for name in ("model/model_index.json", *(f"clip/{name}" for name in CLIP)):
        put(name)
    put("captions.csv", "file,caption\n")
    put("urls.csv", "url,caption\n")
    put("theirs.csv", "file,score\n")
    put("clip/config.json", '{"model_type": "clip"}')
    put("clip/preprocessor_config.json", "{}")
    pd.DataFrame({"hash": ["0" * 16]}).to_parquet("known.parquet")
    embedding = {"path": "clip", "sha256": SHA, "review": 0.5, "drop": 0.75}
    return {
        "results": "results/mine",
        "image_sets": {
            "mine": {
                "source": "folder",
                "path": "images",
                "captions": "captions.csv",
                "exclude": "list.txt",
                "parts": {"more": {"path": "more"}},
                "duplicates": {"embedding": embedding},
            },
            "others": {
                "source": "urls",
                "path": "urls.csv",
                "duplicates": {"embedding": embedding},
            },
        },
        "models": {"one": {"source": "path", "path": "model"}},
        "targets": {
            "t": {
                "model": "one",
                "members": "mine",
                "nonmembers": "others",
                "known": {"path": "known.parquet", "phash": "hash"},
            }
        },
        "attacks": {"loss": {}, "theirs": {"scores": "theirs.csv"}, "blind_embedding": {}},
        "audit": {"embedding": {"path": "clip", "sha256": SHA}},
    }


def put(name, text=""):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


def told(config) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        check_files(read(config))
    return str(caught.value).splitlines()


def test_a_config_whose_files_are_there_passes(config):
    check_files(read(config))
    config["image_sets"]["mine"]["path"] = str(Path("images").absolute())
    os.symlink("captions.csv", "linked.csv")
    config["image_sets"]["mine"]["captions"] = "linked.csv"
    check_files(read(config))


@pytest.mark.parametrize("captions", ["none", ".txt", ".caption", None])
def test_captions_may_be_no_table(config, captions):
    config["image_sets"]["mine"]["captions"] = captions
    if captions is None:
        del config["image_sets"]["mine"]["captions"]
    check_files(read(config))
    config["image_sets"]["mine"]["alternates"] = ["blip"]
    assert told(config)[0] == (
        "image_sets.mine.alternates: columns of a captions table; expected "
        "image_sets.mine.captions to name one"
    )


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("image_sets.mine.path", "imags", "imags: no such folder; expected a folder of images"),
        (
            "image_sets.mine.path",
            "captions.csv",
            "captions.csv: not a folder; expected a folder of",
        ),
        ("image_sets.mine.path", "empty", "empty: an empty folder; expected images"),
        ("image_sets.mine.path", "~/images", "~/images: no such folder; expected a folder of"),
        ("image_sets.mine.parts.more.path", "nor", "nor: no such folder; expected a folder of"),
        ("image_sets.mine.captions", "c.csv", "c.csv: no such file; expected a captions table, "),
        (
            "image_sets.mine.captions",
            "more",
            "more: a folder; expected a captions table, seen from",
        ),
        ("image_sets.mine.exclude", "l.txt", "l.txt: no such file; expected a text file or a t"),
        ("image_sets.others.path", "u.csv", "u.csv: no such file; expected a table of addresses, "),
        (
            "image_sets.others.path",
            "urls.tsv",
            "urls.tsv: expected a table ending in .csv or .jsonl or .parquet",
        ),
        ("image_sets.others.path", "/nowhere/u.csv", "/nowhere/u.csv: no such file; expected a "),
        ("models.one.path", "modl", "modl: expected a folder with model_index.json"),
        ("models.one.path", "images", "images: expected a folder with model_index.json"),
        ("models.one.path", "sd.safetensors", "sd.safetensors: a checkpoint in a single file; exp"),
        ("models.one.path", "alone", "alone/sd.safetensors: a checkpoint in a single file; exp"),
        ("models.one.path", "pickle", "pickle/sd.ckpt: a pickle can run code when it is opened"),
        ("targets.t.known.path", "k.parquet", "k.parquet: no such table"),
        ("targets.t.known.phash", "hsh", "known.parquet: no column 'hsh'; did you mean 'hash'?"),
        ("attacks.theirs.scores", "t.csv", "t.csv: no such file; expected a table of scores, "),
        ("audit.embedding.path", "klip", "klip: expected a folder with config.json, preprocessor_"),
        ("audit.embedding.path", "images", "images: expected a folder with config.json, preproc"),
    ],
)
def test_what_is_not_there_is_named_with_its_key(config, place, value, said):
    Path("empty/empty").mkdir(parents=True)
    for name in ("sd.safetensors", "alone/sd.safetensors", "pickle/sd.ckpt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    *above, key = place.split(".")
    block = config
    for step in above:
        block = block[step]
    block[key] = value
    lines = told(config)
    assert len(lines) == 1 and lines[0].startswith(f"{place}: {said}")


@pytest.mark.parametrize(
    ("file", "header", "said"),
    [
        (
            "captions.csv",
            "file,text",
            "image_sets.mine.captions: captions.csv: no column 'caption'",
        ),
        ("captions.csv", "", "image_sets.mine.captions: captions.csv: "),
        (
            "urls.csv",
            "address,caption",
            "image_sets.others.path: urls.csv: no column 'url'; found:",
        ),
        ("urls.csv", "url;caption", "image_sets.others.path: urls.csv: "),
        (
            "theirs.csv",
            "id,score",
            "attacks.theirs.scores: theirs.csv: columns id, score; expected",
        ),
        (
            "theirs.csv",
            "key",
            "attacks.theirs.scores: theirs.csv: columns key; expected image_id, ",
        ),
    ],
)
def test_a_column_that_is_not_there_is_named(config, file, header, said):
    put(file, f"{header}\n")
    lines = told(config)
    assert len(lines) == 1 and lines[0].startswith(said)


def test_a_column_that_the_config_names_is_looked_for(config):
    config["image_sets"]["others"] |= {"url": "adress", "alternates": ["blip"]}
    (line,) = told(config)
    said = "image_sets.others.path: urls.csv: no column 'adress', 'alt_blip'; found: url, caption"
    assert line == said
    config["image_sets"]["mine"]["alternates"] = ["blip"]
    assert told(config)[0].startswith(
        "image_sets.mine.captions: captions.csv: no column 'alt_blip'"
    )


def test_a_table_of_the_hub_has_a_known_ending(config):
    del config["targets"]["t"]["known"], config["image_sets"]["mine"]["duplicates"]
    hub = {"source": "hub", "repo": "a/b", "revision": "0" * 40}
    config["image_sets"]["others"] = {**hub, "parts": {"x": {"file": "data/x.json"}}}
    (line,) = told(config)
    assert line == (
        "image_sets.others.parts.x.file: found 'data/x.json', expected a table ending in .csv or "
        ".jsonl or .parquet"
    )


@pytest.mark.parametrize("lost", CLIP)
def test_an_embedding_model_lacks_a_file(config, lost):
    os.remove(f"clip/{lost}")
    said = f"path: clip: expected a folder with {lost}"
    assert told(config) == [
        f"image_sets.mine.duplicates.embedding.{said}",
        f"image_sets.others.duplicates.embedding.{said}",
        f"audit.embedding.{said}",
    ]


def test_an_embedding_model_of_another_kind(config):
    put("clip/config.json", '{"model_type": "bert"}')
    lines = told(config)
    assert len(lines) == 3 and all("model_type 'bert': expected clip or" in line for line in lines)


def test_all_that_is_missing_is_named_at_once(config):
    for name in ("captions.csv", "urls.csv", "list.txt", "theirs.csv", "known.parquet"):
        os.remove(name)
    os.remove("more/0.png")
    assert [line.partition(": ")[0] for line in told(config)] == [
        "image_sets.mine.exclude",
        "image_sets.mine.captions",
        "image_sets.mine.parts.more.path",
        "image_sets.others.path",
        "targets.t.known.path",
        "attacks.theirs.scores",
    ]
