"""Targets of three kinds: what each must have, which attacks exist on it, what is measured."""

from __future__ import annotations

import copy

import pytest

from mia.config.check_files import file_mistakes
from mia.config.errors import ConfigError
from mia.config.left_out import left_out
from mia.config.read import read
from mia.config.stage_inputs import StageInputs
from mia.config.stage_order import StageOrder

CONFIG = {
    "results": "r",
    "image_sets": {
        "some": {"source": "folder", "path": "a"},
        "others": {"source": "folder", "path": "b"},
        "words": {"source": "captions", "path": "words.csv", "address": "url"},
        "texts": {"source": "captions", "path": "texts.csv"},
    },
    "models": {"mine": {"source": "path", "path": "m"}},
    "targets": {
        "full": {"model": "mine", "members": "some", "nonmembers": "others"},
        "judged": {"members": "some", "nonmembers": "others"},
        "listed": {"members": "words", "nonmembers": "texts"},
        "published": {"scores": "scores.csv"},
    },
    "attacks": {
        "loss": {},
        "loss_ratio": {},
        "theirs": {"scores": "theirs.csv", "targets": ["judged"]},
        "blind_caption": {},
        "blind_image": {},
        "blind_metadata": {},
        "blind_surface": {},
        "blind_source": {},
        "blind_all": {},
        "of_files": {"attack": "blind_all", "channels": ["caption", "image"]},
        "coin": {},
    },
}


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.csv").write_text("id,member,secmi,loss\na,1,0.5,1\n")
    return tmp_path


def message(config) -> str:
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def test_attacks_exist_where_there_is_what_they_read(config, table):
    found = read(config)
    blind = {"blind_caption", "blind_surface", "blind_all", "coin"}
    files = {"blind_image", "blind_metadata", "of_files"}
    assert {*found.attacks_of("full")} == {"loss", *blind, *files}
    assert {*found.attacks_of("judged")} == {"theirs", *blind, *files}
    assert {*found.attacks_of("listed")} == {"blind_source", *blind}
    assert found.attacks_of("published") == ("secmi", "loss")
    assert found.attack_on("published", "loss").access == "external"
    assert found.blind_attacks("published") == ()


def test_what_a_target_lacks_is_said_with_the_reason(config, table):
    found = read(config)
    assert left_out(found, "full") == {}
    assert left_out(found, "judged") == {"no_model": ("loss", "loss_ratio")}
    files = ("blind_image", "blind_metadata", "of_files")
    assert left_out(found, "listed") == {"no_model": ("loss", "loss_ratio"), "no_images": files}
    assert left_out(found, "published") == {"scores_only": tuple(CONFIG["attacks"])}


def test_a_target_without_a_model_measures_nothing(config, table):
    found = read(config)
    assert found.pairs == (("mine", "others"), ("mine", "some"))
    assert all(query.signal == "denoise" for query in found.queries)
    del config["targets"]["full"], config["models"]
    found = read(config)
    assert found.pairs == found.queries == found.signals == found.all_told == ()
    assert StageInputs(found).measured() == []


def test_a_table_that_is_not_there_has_no_attacks_and_is_named_before_a_run(config, table):
    (table / "scores.csv").unlink()
    found = read(config)
    assert found.attacks_of("published") == ()
    (line,) = [line for line in file_mistakes(found) if line.startswith("targets.")]
    assert line == (
        "targets.published.scores: scores.csv: no such file; expected a table of scores, seen "
        f"from {table}"
    )


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("id,secmi", "columns id, secmi; expected id, member and one for each attack, and group"),
        ("id,member,group", "columns id, member, group; expected id, member and one for each "),
        ("id,member,PIA@100", "column 'PIA@100'; expected an attack's name, of at most 41 small "),
    ],
)
def test_a_header_that_is_none_is_named_before_a_run(header, said, config, table):
    (table / "scores.csv").write_text(f"{header}\n")
    mistakes = list(file_mistakes(read(config)))
    assert any(
        line.startswith(f"targets.published.scores: scores.csv: {said}") for line in mistakes
    )


@pytest.mark.parametrize(
    ("target", "change", "said"),
    [
        (
            "full",
            {"members": None},
            "targets.full: missing key 'members'; a target has members and ",
        ),
        ("judged", {"nonmembers": None}, "targets.judged: missing key 'nonmembers'; a target has "),
        ("judged", {"reference": "mine"}, "targets.judged.control: not read without `model`"),
        ("judged", {"members": None, "nonmembers": None}, "missing key 'members', 'nonmembers'; "),
        ("published", {"model": "mine"}, "targets.published.model: not read beside `scores`: "),
        ("published", {"members": "some"}, "targets.published.members: not read beside `scores`: "),
        ("published", {"match": "bins"}, "targets.published.match: not read beside `scores`: "),
        (
            "listed",
            {"model": "mine"},
            "targets.listed.members: image set 'words' has source captions, which has no images; "
            "expected images, or a target without `model`",
        ),
        (
            "listed",
            {"match": "hard"},
            "targets.listed.match: it compares images; image set 'words'",
        ),
        ("listed", {"isolate": {"phash": 4}}, "targets.listed.isolate: it compares images; image "),
        ("full", {"nonmembers": "texts"}, "targets.full.nonmembers: image set 'texts' has source "),
        ("judged", {"scores": 3}, "targets.judged.scores: 3 is not of type 'string'"),
        ("judged", {"score": "a.csv"}, "unknown key 'score'; did you mean 'scores'?"),
    ],
)
def test_a_key_of_another_kind_is_refused(target, change, said, config, table):
    spec = {**config["targets"][target], **change}
    config["targets"][target] = {key: value for key, value in spec.items() if value is not None}
    assert said in message(config)


@pytest.mark.parametrize("block", ["image_sets", "models", "attacks"])
def test_a_block_is_missed_where_a_target_reads_it(block, config, table):
    del config[block]
    assert message(config) == f"the config: missing key {block!r}"
    config["targets"] = {"published": CONFIG["targets"]["published"]}
    for other in ("image_sets", "models", "attacks"):
        config.pop(other, None)
    assert read(config).attacks_of("published") == ("secmi", "loss")


def test_a_target_on_which_nothing_is_tried_is_refused(config, table):
    config["attacks"] = {"loss": {}}
    said = "targets.judged: none of `attacks` exists on it; add a blind baseline"
    assert said in message(config).splitlines()


def test_scores_from_a_file_of_images_fit_no_target_of_scores_alone(config, table):
    config["attacks"]["theirs"]["targets"] = ["published"]
    assert message(config).startswith("attacks.theirs.targets: 'published' has scores alone; ")


def test_captions_alone_train_and_embed_nothing(config, table):
    config["training"] = {"t": {"set": "words", "representation_set": "some"}}
    rule = {"path": "clip", "sha256": "0" * 64, "review": 0.5, "drop": 0.9}
    config["image_sets"]["texts"]["duplicates"] = {"embedding": rule}
    said = message(config)
    assert "training.t.set: image set 'words' has source captions, which has no images" in said
    assert "image_sets.texts.duplicates.embedding: source captions has no images to embed" in said


@pytest.mark.parametrize("stop_if", ["never", "not_fair"])
def test_costly_jobs_wait_for_the_gate_if_there_is_one(stop_if, config, table):
    config["audit"] = {"stop_if": stop_if}
    found = read(config)

    class Wildcards:
        set, model, shard = "some", "mine", "000"

    awaited = StageOrder(found).awaited("measure", Wildcards)
    assert ("audit/sets.passed.json" in awaited) == (stop_if == "not_fair")
    judged = StageInputs(found).judged()
    assert ("r/audit/sets.passed.json" in judged) == (stop_if == "not_fair")
    assert {f"r/audit/sets/{name}.json" for name in CONFIG["targets"]} <= {*judged}
