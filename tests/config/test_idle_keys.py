"""A key is read for the source that it is given to, or refused for it; none is ignored."""

import pytest

from mia.config.errors import ConfigError
from mia.config.idle_keys import BLOCKS, keys_read
from mia.config.read import read
from mia.config.schema import complete, config_schema
from mia.images.sources.shared.shelf import known_sources, source

SHA, REVISION = "0" * 64, "0" * 40
# One value that the schema takes, for each key of an image set and a model that some source reads.
VALUES = {
    "builtin": "openmoji",
    "path": "a.csv",
    "trained_on": "b.csv",
    "captions": "b.csv",
    "repo": "a/b",
    "revision": REVISION,
    "file": "a.parquet",
    "sha256": SHA,
    "url": "address",
    "address": "link",
    "caption": "text",
    "picture_sha256": "sha",
    "allow_hosts": ["127.0.0.1"],
    "alternates": ["blip"],
    "columns": {"caption": "text"},
    "collection": "unicode",
    "byte_limit": 1,
    "timeout": 1,
    "training": "main",
    "epoch": 1,
    "variant": "fp16",
    "preparation": "adm",
    "condition": "none",
}
SETS = {
    "builtin": {"source": "builtin"},
    "captions": {"source": "captions", "path": "a.csv"},
    "folder": {"source": "folder", "path": "a"},
    "imagefolder": {"source": "imagefolder", "path": "a"},
    "parquet": {"source": "parquet", "path": "a"},
    "webdataset": {"source": "webdataset", "path": "a"},
    "urls": {"source": "urls", "path": "a.csv"},
    "hub": {"source": "hub", "repo": "a/b", "revision": REVISION, "file": "a.csv"},
}
MODELS = {
    "training": {"source": "training", "training": "main"},
    "path": {"source": "path", "path": "m"},
    "hub": {"source": "hub", "repo": "a/b", "revision": REVISION},
}
BLOCK = {"image_sets": SETS, "models": MODELS}


def schema():
    return config_schema()


def config(block, name, spec):
    """A config with one more image set or model, called `name`."""
    whole = {
        "results": "r",
        "image_sets": {"some": dict(SETS["folder"]), "other": dict(SETS["urls"])},
        "training": {"main": {"set": "some", "representation_set": "some"}},
        "models": {"one": dict(MODELS["path"])},
        "targets": {"t": {"model": "one", "members": "some", "nonmembers": "other"}},
        "attacks": {"loss": {}},
    }
    whole[block][name] = spec
    return whole


def told(config):
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def pairs():
    """Every source with every key that some source does not read."""
    for block, kind in BLOCKS.items():
        for key, about in schema()["$defs"][kind]["properties"].items():
            if "sources" in about:
                yield from ((block, source, key) for source in BLOCK[block])


@pytest.mark.parametrize(("block", "source", "key"), list(pairs()))
def test_a_key_is_read_for_a_source_or_refused(block, source, key):
    whole = config(block, "mine", {**BLOCK[block][source], key: VALUES[key]})
    if key in keys_read(source, block, schema()):
        assert complete(whole)[block]["mine"][key] == VALUES[key]
    else:
        said = f"{block}.mine.{key}: not read for source {source}, only for "
        assert told(whole).startswith(said) and len(told(whole).splitlines()) == 1


@pytest.mark.parametrize(("block", "source"), [(b, s) for b in BLOCK for s in BLOCK[b]])
def test_no_default_stands_where_it_is_not_read(block, source):
    found = complete(config(block, "mine", dict(BLOCK[block][source])))
    assert found[block]["mine"].keys() <= {"source", *keys_read(source, block, schema())}
    assert complete(found) == found


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"source": "folder", "path": "a", "caption": "b.csv"},
            "image_sets.mine.caption: not read for source folder, only for captions or hub or "
            "urls; did you mean 'captions'?",
        ),
        (
            {"source": "urls", "path": "a.csv", "captions": "text"},
            "image_sets.mine.captions: not read for source urls, only for folder; did you mean "
            "'caption'?",
        ),
        (
            {"source": "folder", "parts": {"a": {"path": "a", "file": "b.csv"}}},
            "image_sets.mine.parts.a.file: not read for source folder, only for hub; ",
        ),
        (
            {"source": "urls", "parts": {"a": {"path": "a", "sha256": SHA}}},
            "image_sets.mine.parts.a.sha256: not read for source urls, only for hub; did you mean "
            "'picture_sha256'?",
        ),
        (
            {"source": "builtin", "parts": {"a": {"collection": "unicode", "url": "b"}}},
            "image_sets.mine.parts.a.url: not read for source builtin, only for hub or urls; ",
        ),
    ],
)
def test_what_was_probably_meant_is_said(spec, said):
    assert told(config("image_sets", "mine", spec)).startswith(said)


def test_every_key_in_the_way_is_named_at_once():
    spec = {**SETS["folder"], "url": "a", "caption": "b", "parts": {"p": {"path": "c", "url": "d"}}}
    whole = config("image_sets", "mine", spec)
    whole["models"]["other"] = {"source": "path", "path": "m", "epoch": 3}
    assert [line.partition(": ")[0] for line in told(whole).splitlines()] == [
        "image_sets.mine.url",
        "image_sets.mine.caption",
        "image_sets.mine.parts.p.url",
        "models.other.epoch",
    ]


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        ({"source": "folder", "captions": "c.csv"}, "captions"),
        ({"source": "folder", "limit": 5}, "limit"),
        ({"source": "urls", "caption": "text"}, "caption"),
        ({"source": "urls", "picture_sha256": "image_id"}, "picture_sha256"),
    ],
)
def test_a_key_that_each_part_gives_for_itself_is_refused_above_them(spec, key):
    parts = {name: {"path": f"{name}.csv"} for name in "xy"}
    whole = config("image_sets", "mine", {**spec, "parts": parts})
    assert complete(whole)["image_sets"]["mine"][key] == spec[key]
    parts["x"][key] = spec[key]
    assert complete(whole)["image_sets"]["mine"][key] == spec[key]
    parts["y"][key] = spec[key]
    assert told(whole) == f"image_sets.mine.{key}: not read, as each part has its own"
    del whole["image_sets"]["mine"][key]
    found = complete(whole)
    assert key not in found["image_sets"]["mine"] and complete(found) == found
    whole["image_sets"]["mine"] |= {key: spec[key], "path": "own.csv"}
    assert complete(whole)["image_sets"]["mine"][key] == spec[key]


@pytest.mark.parametrize("key", ["vae_steps", "vocabulary", "resolution", "representation_set"])
def test_what_comes_with_like_cannot_be_given_again(key):
    values = {"vae_steps": 7, "vocabulary": 500, "resolution": 64, "representation_set": "other"}
    whole = config("models", "mine", dict(MODELS["training"]))
    whole["training"]["second"] = {"set": "other", "like": "main", key: values[key]}
    assert told(whole).startswith(f"training.second: key {key!r} would be ignored: it comes with")
    whole["training"]["main"][key] = values[key]
    assert read(whole)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"source": "builtin", "parts": {"a": {}}},
            ".parts.a: missing key 'collection' (source builtin)",
        ),
        (
            {"source": "builtin", "parts": {n: {"collection": "unicode"} for n in "ab"}},
            ".parts.b.collection: 'a' takes unicode already",
        ),
        (
            {"source": "folder", "path": "a", "parts": {"x": {"path": "b"}}, "split": {"x": 1}},
            ".split.x: `parts` has it too; give it another name",
        ),
        (
            {"source": "folder", "path": "a", "split": {"rest": 1}},
            ".split.rest: what is left over is 'rest'; give it another name",
        ),
        (
            {"source": "urls", "path": "a.csv", "parts": {"all": {"path": "b.csv"}}},
            ".parts.all: what is left over is 'all'; give it another name",
        ),
        (
            {"source": "folder", "parts": {"x": {"path": "b"}}, "split": {"y": 1}},
            ".split: every row belongs to one of `parts`, so that none is left to split",
        ),
    ],
)
def test_parts_that_cannot_be_are_refused_before_anything_is_fetched(spec, said):
    assert told(config("image_sets", "mine", spec)) == f"image_sets.mine{said}"


def test_what_says_where_rows_are_is_a_key_that_is_read():
    for name in known_sources():
        assert set(source(name).needed) <= set(keys_read(name, "image_sets", schema()))


def test_a_target_and_its_reference_are_two_models():
    whole = config("models", "mine", dict(MODELS["path"]))
    whole["targets"]["t"]["reference"] = "one"
    assert told(whole) == "targets.t.control: 'one' is the model itself"


def test_mistakes_of_all_blocks_are_named_at_once():
    whole = config("models", "mine", {"source": "hub"})
    whole["image_sets"]["third"] = {"source": "urls"}
    whole["training"]["main"]["keep"] = [400]
    whole["training"]["more"] = {"set": "soem", "like": "main"}
    whole["targets"]["t"]["nonmembers"] = "othr"
    whole["attacks"] = {"los": {}, "pia": {"norms": 1}}
    assert [line.partition(": ")[0] for line in told(whole).splitlines()] == [
        "image_sets.third",
        "training.main.keep",
        "training.more.set",
        "models.mine",
        "attacks.los",
        "attacks.pia",
        "targets.t.nonmembers",
    ]
