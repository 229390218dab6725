"""A config is completed, and every mistake in it is named with what was expected."""

from __future__ import annotations

import copy
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mia.config import design
from mia.config.check_files import check_files
from mia.config.errors import ConfigError
from mia.config.idle_keys import FROM_NOTHING
from mia.config.read import read
from mia.config.schema import complete
from mia.query import dump

CONFIGS = sorted((Path(__file__).parents[2] / "config").glob("*.yaml"))


@pytest.fixture
def config():
    """As a user writes it, with nothing that has a default."""
    return {
        "results": "results/mine",
        "image_sets": {
            "emoji": {"source": "builtin", "split": {"member": 5, "nonmember": 5, "shadow": 5}},
            "mine": {"source": "folder", "parts": {"seen": {"path": "a"}, "unseen": {"path": "b"}}},
        },
        "training": {
            "main": {
                "set": "emoji:member",
                "representation_set": "emoji",
                "epochs": 30,
                "keep": [10, 20],
                "channels": [32, 32],
            },
            "shadow": {"set": "emoji:shadow", "like": "main", "epochs": 20, "keep": [5]},
        },
        "models": {
            "early": {"source": "training", "training": "main", "epoch": 10},
            "late": {"source": "training", "training": "main"},
            "other": {"source": "training", "training": "shadow"},
        },
        "targets": {
            "fair": {
                "model": "early",
                "reference": "other",
                "members": "emoji:member",
                "nonmembers": "emoji:nonmember",
            },
            "late": {"model": "late", "members": "emoji:member", "nonmembers": "mine"},
        },
        "attacks": {"loss": {}, "loss_ratio": {}, "late": {"attack": "loss", "timesteps": [700]}},
    }


def experiment(config):
    return read(config)


def at(config, path):
    for step in path.split(".") if path else []:
        config = config[step]
    return config


def message(config):
    with pytest.raises(ConfigError) as caught:
        experiment(config)
    return str(caught.value)


def message_on_files(config):
    found = experiment(config)
    with pytest.raises(ConfigError) as caught:
        check_files(found)
    return str(caught.value)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with the folders that the config names."""
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0.png").touch()
    return tmp_path


def test_defaults_are_filled_in_at_every_level(config):
    before = copy.deepcopy(config)
    found = complete(config)
    assert config == before
    assert found["seed"] == 0
    assert found["measure"]["batch_size"] == "auto" and found["measure"]["dtype"] == "float32"
    assert found["evaluation"] == {
        "design": "all",
        "confidence": 0.95,
        "resamples": 1000,
        "delta": 1e-5,
    }
    assert found["image_sets"]["mine"]["shards"] == 1
    assert found["image_sets"]["mine"]["duplicates"]["phash"] == 6
    assert found["training"]["main"]["resolution"] == 32
    assert found["targets"]["fair"]["match"] == "none"
    assert complete(found) == found


def test_given_values_stay_and_their_neighbours_are_filled(config):
    config["image_sets"]["mine"]["duplicates"] = {"rmse": 0.2}
    config["measure"] = {"batch_size": 7}
    found = complete(config)
    assert found["image_sets"]["mine"]["duplicates"]["rmse"] == 0.2
    assert found["image_sets"]["mine"]["duplicates"]["phash"] == 6
    assert found["measure"]["batch_size"] == 7 and found["measure"]["device"] == "auto"


@pytest.mark.parametrize(
    ("path", "key", "said"),
    [
        ("", "target", "the config: unknown key 'target'; did you mean 'targets'?"),
        ("image_sets.mine", "caption_file", "image_sets.mine: unknown key 'caption_file'; "),
        ("image_sets.mine.parts.seen", "paths", "did you mean 'path'?"),
        ("training.main", "epoch", "training.main: unknown key 'epoch'; did you mean 'epochs'?"),
        ("models.early", "epochs", "models.early: unknown key 'epochs'; did you mean 'epoch'?"),
        ("targets.fair", "member", "targets.fair: unknown key 'member'; did you mean 'members'?"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest(config, path, key, said):
    at(config, path)[key] = 1
    assert said in message(config)


@pytest.mark.parametrize("block", ["measure", "evaluation", "audit", "report"])
def test_an_unknown_key_of_a_block_of_settings_is_named(config, block):
    config[block] = {"colour": 1}
    assert f"{block}: unknown key 'colour'; known: " in message(config)


def test_every_mistake_is_named_at_once(config):
    config["sed"] = 1
    config["models"]["early"]["epoc"] = 1
    config["measure"] = {"device": "gpu"}
    lines = message(config).splitlines()
    assert len(lines) == 3
    assert "measure.device: 'gpu'; did you mean 'cpu'? known: auto, cpu, cuda" in lines


@pytest.mark.parametrize("block", ["image_sets", "training", "models", "targets", "attacks"])
@pytest.mark.parametrize("name", ["Mine", "1st", "a:b", "a b", "x" * 42, ""])
def test_names_are_small_letters_digits_and_dashes(config, block, name):
    config[block][name] = next(iter(config[block].values()))
    assert repr(name) in message(config)
    assert message(config).startswith(f"{block}: ")


@pytest.mark.parametrize("key", ["results", "image_sets", "models", "targets", "attacks"])
def test_what_has_no_default_must_be_given(config, key):
    del config[key]
    assert message(config) == f"the config: missing key {key!r}"


def test_a_bare_null_is_the_empty_caption(config):
    """YAML reads `condition: null` as nothing."""
    config["attacks"] = {"loss": {"condition": None}, "sima": None}
    found = complete(config)
    assert found["attacks"] == {"loss": {"condition": "null"}, "sima": {}}
    queries = read(found).attacks["loss"].queries
    assert {query.condition for query in queries} == {"null"}


def test_like_takes_every_setting_that_is_not_given(config):
    found = complete(config)["training"]["shadow"]
    assert found["channels"] == [32, 32] and found["representation_set"] == "emoji"
    assert (found["set"], found["epochs"], found["keep"]) == ("emoji:shadow", 20, [5])
    assert experiment(config).vae("other") == "main"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"like": "mian"}, "training.shadow.like: no training 'mian'; did you mean 'main'?"),
        ({"set": None}, "training.shadow: missing key 'set'"),
    ],
)
def test_like_has_to_name_a_training_and_a_set_of_its_own(config, change, said):
    training = config["training"]["shadow"]
    training.update(change)
    if training["set"] is None:
        del training["set"]
    assert message(config).startswith(said)


def test_like_is_not_followed_twice(config):
    config["training"]["third"] = {"set": "emoji:shadow", "like": "shadow"}
    said = "training.third.like: 'shadow' is itself like another; name that one"
    assert message(config) == said


def tuned(**settings):
    """A training that starts from the model `sd`."""
    return {"base": "sd", "set": "emoji:member", "learning_rate": 1e-5, **settings}


@pytest.fixture
def with_base(config):
    revision = "0123456789abcdef0123456789abcdef01234567"
    config["models"]["sd"] = {"source": "hub", "repo": "a/b", "revision": revision}
    config["models"]["mine"] = {"source": "training", "training": "tuned", "epoch": 2}
    config["training"]["tuned"] = tuned(epochs=4, keep=[2])
    return config


def test_a_training_from_a_base_keeps_only_what_counts(with_base):
    with_base["training"]["other"] = {"like": "tuned", "set": "emoji:shadow"}
    found = experiment(with_base)
    settings = found.config["training"]["other"]
    assert settings["base"] == "sd" and settings["learning_rate"] == 1e-5
    assert settings["batch_size"] == 64 and settings["caption_dropout"] == 0.1
    assert not settings.keys() & set(FROM_NOTHING)
    assert found.vae("mine") == "sd" and found.kept_epochs("tuned") == [2, 4]
    assert complete(found.config) == found.config


@pytest.mark.parametrize(
    ("training", "said"),
    [
        (tuned(base="ds"), "training.tuned.base: no model 'ds'; did you mean 'sd'?"),
        (tuned(channels=[32, 32]), "training.tuned: key 'channels' would be ignored: `base`"),
        (tuned(representation_set="emoji"), "training.tuned: key 'representation_set' would be"),
        ({"base": "sd", "set": "emoji"}, "training.tuned: missing key 'learning_rate'"),
        (
            {"set": "emoji", "representation_set": "emoji", "text_encoder": False},
            "training.tuned: key 'text_encoder' would be ignored: it needs `base`",
        ),
        ({"like": "main", "base": "sd", "set": "emoji"}, "training.tuned: missing key 'learning"),
    ],
)
def test_keys_that_a_base_makes_idle_are_refused(with_base, training, said):
    with_base["training"]["tuned"] = training
    assert message(with_base).startswith(said)


def test_a_base_and_a_training_have_different_names(with_base):
    with_base["training"]["sd"] = tuned()
    assert "base: a training is called 'sd' too" in message(with_base)


def test_kept_epochs_are_sorted_and_end_with_the_last(config):
    found = experiment(config)
    assert found.kept_epochs("main") == [10, 20, 30]
    assert found.kept_epochs("shadow") == [5, 20]
    config["training"]["shadow"]["keep"] = [40]
    assert message(config) == "training.shadow.keep: [40] after the last epoch, 20"


@pytest.mark.parametrize(
    ("path", "change", "said"),
    [
        ("models.early", {"epoch": 11}, "models.early.epoch: training 'main' does not keep 11; it"),
        ("models.early", {"training": "man"}, "models.early.training: no training 'man'; did you"),
        ("models", {"early": {"source": "hub"}}, "models.early: missing key 'repo', 'revision' ("),
        ("models", {"early": {"source": "path"}}, "models.early: missing key 'path' (source path)"),
        ("models.early", {"source": "disk"}, "models.early.source: 'disk'; "),
        ("training.main", {"set": "emjoi"}, "training.main.set: no image set 'emjoi'; did you"),
        ("targets.late", {"model": "latest"}, "targets.late.model: no model 'latest'; did you"),
        (
            "targets.late",
            {"nonmembers": "mine:all"},
            "targets.late.nonmembers: no part of image set 'mine' called 'all'; known: seen, uns",
        ),
        (
            "targets.fair",
            {"nonmembers": "emoji"},
            "targets.fair: emoji:member is both in members and in nonmembers",
        ),
        (
            "targets.fair",
            {"reference": "late"},
            "targets.fair.control: 'late' was trained on emoji:member, which the target scores",
        ),
        ("attacks.late", {"attack": "los"}, "attacks.late: no attack 'los'; did you mean 'loss'?"),
        ("attacks.late", {"steps": 1}, "attacks.late: attack 'loss' has no parameter 'steps'; "),
        (
            "attacks.late",
            {"timesteps": [1000]},
            "attacks.late: timestep must be in 0…999, got 1000",
        ),
        ("attacks.late", {"draws": 0}, "attacks.late: draws must be a whole number from 1 up"),
    ],
)
def test_what_a_schema_cannot_say(config, path, change, said):
    at(config, path).update(change)
    assert message(config).startswith(said)


def test_what_says_where_rows_are_must_be_given(config):
    config["image_sets"]["mine"]["parts"]["unseen"] = {}
    assert message(config) == "image_sets.mine: missing key 'parts.unseen.path' (source folder)"
    part = {"repo": "a/b", "file": "m.parquet"}
    config["image_sets"]["mine"] = {"source": "hub", "parts": {"seen": part}}
    assert message(config) == "image_sets.mine: missing key 'parts.seen.revision' (source hub)"
    part.update(revision="main", sha256="abc")
    assert "image_sets.mine.parts.seen.revision: 'main' does not match" in message(config)
    assert "image_sets.mine.parts.seen.sha256: 'abc' does not match" in message(config)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "none.parquet", "phash": "h"}, ".path: none.parquet: no such table"),
        ({"path": "bad.parquet", "phash": "h"}, ".path: bad.parquet: not a sound Parquet table: "),
        ({"path": "good.parquet"}, ": expected the key 'phash', 'sha256' or 'embedding', a column"),
        (
            {"path": "good.parquet", "sha256": "shah"},
            ".sha256: good.parquet: no column 'shah'; did you mean 'sha'? known: hash, sha",
        ),
    ],
)
def test_an_index_of_known_pictures_is_looked_at_beforehand(config, here, change, said):
    pd.DataFrame({"hash": ["0" * 16], "sha": ["0" * 64]}).to_parquet("good.parquet")
    (here / "bad.parquet").write_text("hash,sha")
    config["targets"]["late"]["known"] = change
    assert message_on_files(config).startswith("targets.late.known" + said)
    config["targets"]["late"]["known"] = {"path": "good.parquet", "phash": "hash", "sha256": "sha"}
    check_files(experiment(config))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"embedding": "text"},
            ".embedding: good.parquet, column 'text': holds string; expected one",
        ),
        ({"embedding": "clap"}, ".embedding: good.parquet: no column 'clap'; did you mean 'clip'?"),
        ({"embedding_model": None}, ": 'embedding' and 'embedding_model' need each other"),
        ({"embedding": None, "sha256": "text"}, ": 'embedding' and 'embedding_model' need each"),
        (
            {"embedding_model": "1" * 64},
            f".embedding_model: {'1' * 64}; expected that of image set",
        ),
        ({"embedding_model": "clip"}, ".embedding_model: 'clip' does not match"),
    ],
)
def test_embeddings_of_an_index_must_be_comparable(config, here, change, said):
    pd.DataFrame({"clip": [[0.5, 1.0]], "text": ["a"]}).to_parquet("good.parquet")
    (here / "clip").mkdir()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        (here / "clip" / name).write_text('{"model_type": "clip_vision_model"}')
    model = {"path": "clip", "sha256": "0" * 64, "review": 0.5, "drop": 0.75}
    known = {"path": "good.parquet", "embedding": "clip", "embedding_model": "0" * 64}
    config["targets"]["late"]["known"] = known
    assert message_on_files(config) == (
        "targets.late.known.embedding: image set 'emoji' has no duplicates.embedding"
    )
    for image_set in config["image_sets"].values():
        image_set["duplicates"] = {"embedding": model}
    check_files(experiment(config))
    changed = {key: value for key, value in {**known, **change}.items() if value is not None}
    config["targets"]["late"]["known"] = changed
    told = message if said.endswith("does not match") else message_on_files
    assert told(config).startswith("targets.late.known" + said)


def test_hub_models_are_pinned(config):
    config["models"]["early"] = {"source": "hub", "repo": "a/b", "revision": "main"}
    assert "models.early.revision: 'main' does not match" in message(config)


@pytest.mark.parametrize("repo", ["stabilityai/sdxl-turbo", "me/LCM_mine"])
def test_a_distilled_model_of_the_hub_is_refused_before_anything_is_fetched(repo, config):
    config["models"]["early"] = {"source": "hub", "repo": repo, "revision": "0" * 40}
    name = repo.partition("/")[2]
    assert message(config).startswith(f"models.early.repo: {name}: ")
    assert "distilled to few steps" in message(config)
    config["models"]["early"]["repo"] = "turbo/sdxl-base"
    experiment(config)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"repo": "latent-consistency/lcm-lora-sdxl"}, "repo: lcm-lora-sdxl"),
        ({"repo": "ByteDance/SDXL-Lightning"}, "repo: SDXL-Lightning"),
        ({"weight_name": "4step_lightning_lora.safetensors"}, "weight_name: 4step_lightning_lora"),
    ],
)
def test_a_distilling_adapter_of_the_hub_is_refused(changes, key, config):
    adapter = {"repo": "a/style", "revision": "0" * 40}
    config["models"]["early"] = {"source": "path", "path": "a", "lora": adapter | changes}
    assert message(config).startswith(f"models.early.lora.{key}")
    config["models"]["early"]["lora"] = {"path": "lcm/mine.safetensors"}
    experiment(config)


@pytest.mark.parametrize("source", ["training", "path", "hub"])
def test_what_sdxl_is_told_of_sizes_is_a_key_of_every_model(source, config):
    spec = {"training": {"training": "main"}, "path": {"path": "a"}}
    hub = {"repo": "a/b", "revision": "0" * 40}
    model = {"source": source, **spec.get(source, hub), "time_ids": "own"}
    config["models"]["early"] = model
    assert experiment(config).config["models"]["early"]["time_ids"] == "own"
    model["time_ids"] = "mine"
    assert message(config) == "models.early.time_ids: 'mine'; known: constant, own"
    del model["time_ids"]
    assert "time_ids" not in experiment(config).config["models"]["early"]


def test_parts_of_sets(config):
    found = experiment(config)
    assert found.set_parts("emoji") == ("member", "nonmember", "shadow", "rest")
    assert found.set_parts("mine") == ("seen", "unseen")
    assert found.parts("mine:seen") == ("mine", ("seen",))
    config["image_sets"]["mine"] = {"source": "folder", "path": "a"}
    assert experiment(config).set_parts("mine") == ("all",)


def test_what_is_measured_follows_from_the_targets(config):
    """A control answers what the model answers; attacks with a reference need one."""
    found = experiment(config)
    assert found.pairs == (
        ("early", "emoji"),
        ("late", "emoji"),
        ("late", "mine"),
        ("other", "emoji"),
    )
    assert found.attacks_of("late") == ("loss", "late")
    asked = {query.timestep for query in found.wanted("other", "emoji")}
    assert asked == {100, 700}
    assert {query.timestep for query in found.wanted("late", "mine")} == {100, 700}
    assert found.measured_parts("emoji", ("late",)) == ("member",)
    assert found.measured_parts("emoji", ("early", "late")) == ("member", "nonmember")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configs_are_accepted(path):
    """Files and models that they name need not be there."""
    found = experiment(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert bool(found.pairs) == bool(found.queries) == bool(found.with_model())
    assert all(map(found.blind_attacks, found.with_sets()))
    assert all(map(found.attacks_of, found.config["targets"]))
    assert len(dump(found.queries)) < 100_000, "Linux takes arguments of up to 131,072 bytes"


def test_whether_a_model_learnt_a_targets_members_and_nothing_else_of_it(config):
    unseen = {"model": "early", "members": "emoji:shadow", "nonmembers": "emoji:nonmember"}
    swapped = {"model": "early", "members": "emoji:shadow", "nonmembers": "emoji:member"}
    config["targets"] |= {"unseen": unseen, "swapped": swapped}
    found = experiment(config)
    learns = {target: design.learns_members(found, target) for target in found.config["targets"]}
    assert learns == {"fair": True, "late": True, "unseen": False, "swapped": False}


def test_a_control_is_a_target_of_which_the_model_was_trained_on_nothing(config):
    """Neither where the nonmembers were the training part, nor where it lies in the members."""
    sides = {
        "held_out": ("emoji:shadow", "emoji:nonmember"),
        "elsewhere": ("mine:seen", "mine:unseen"),
        "swapped": ("emoji:shadow", "emoji:member"),
        "whole_set": ("emoji", "mine"),
        "whole_set_swapped": ("mine", "emoji"),
    }
    for name, (members, nonmembers) in sides.items():
        target = {"model": "early", "members": members, "nonmembers": nonmembers}
        config["targets"][name] = target
    found = experiment(config)
    controls = {target for target in found.config["targets"] if design.is_control(found, target)}
    assert controls == {"held_out", "elsewhere"}


def test_what_a_base_was_trained_on_is_not_known(with_base):
    target = {"model": "mine", "members": "emoji:shadow", "nonmembers": "emoji:nonmember"}
    with_base["targets"]["tuned"] = target
    with_base["targets"]["based"] = {**target, "model": "sd"}
    found = experiment(with_base)
    assert not design.is_control(found, "tuned") and not design.is_control(found, "based")


@pytest.mark.parametrize(
    "entry",
    [
        {"attack": "quantile", "timestep": "auto", "grid": [100, 300]},
        {"attack": "logistic_losses", "timesteps": "auto", "grid": [100, 300]},
    ],
)
def test_an_attack_that_learns_chooses_no_timestep_besides(config, entry):
    """Each candidate would have to be fitted on the images that the timestep is chosen on."""
    config["attacks"]["mine"] = entry
    with pytest.raises(ConfigError, match=r"attacks\.mine: timesteps?: it learns itself"):
        experiment(config)


@pytest.mark.parametrize("attack", ["gsa1", "gradient_masking"])
def test_gradients_are_refused_in_float16(config, attack):
    config["attacks"][attack] = {}
    for dtype in ("float32", "bfloat16"):
        read({**copy.deepcopy(config), "measure": {"dtype": dtype}})
    with pytest.raises(ConfigError, match=f"float16: attacks.{attack}: takes gradients"):
        read({**config, "measure": {"dtype": "float16"}})
