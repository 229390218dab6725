"""Shadow models and references in a config: what is written out, and what is refused."""

from copy import deepcopy

import pytest

from mia.config import stage_settings
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.stage_inputs import StageInputs
from mia.cost.arithmetic import OF_NO_SHAPE

CONFIG = {
    "results": "results/x",
    "seed": 3,
    "image_sets": {
        "set": {"source": "builtin", "split": {"a": 30, "b": 30, "c": 30}},
        "other": {"source": "builtin"},
    },
    "training": {
        "mine": {
            "set": "set:a",
            "representation_set": "set",
            "epochs": 9,
            "keep": [3],
            "shadows": 4,
        },
        "alike": {"set": "set:c", "like": "mine"},
    },
    "models": {
        "mine": {"source": "training", "training": "mine"},
        "alike": {"source": "training", "training": "alike"},
    },
    "targets": {
        "fair": {
            "model": "mine",
            "control": "alike",
            "references": "mine-shadows",
            "members": "set:a",
            "nonmembers": "set:b",
        }
    },
    "attacks": {"loss": {}, "lira": {}, "learnt": {"attack": "logistic_losses"}},
}


def changed(**blocks) -> dict:
    """The config with keys of blocks in place of its own: `targets_fair={...}`."""
    config = deepcopy(CONFIG)
    for place, keys in blocks.items():
        block, _, name = place.partition("_")
        entry = config[block].setdefault(name, {})
        for key, value in keys.items():
            entry[key] = value
            if value is None:
                del entry[key]
    return config


def refused(**blocks) -> str:
    with pytest.raises(ConfigError) as error:
        read(changed(**blocks))
    return str(error.value)


def test_shadows_become_trainings_models_and_references():
    experiment = read(CONFIG)
    names = [f"mine-shadow-{number}" for number in (1, 2, 3, 4)]
    assert experiment.references("fair") == tuple(names)
    assert experiment.models_of("fair") == ("mine", "alike", *names)
    settings = [stage_settings.train(experiment, name) for name in names]
    assert [one.pop("half") for one in settings] == [{"seed": 3, "number": n} for n in (1, 2, 3, 4)]
    assert len({one.pop("seed") for one in settings} | {3}) == 5
    own = stage_settings.train(experiment, "mine")
    for one in settings:
        assert one["parts"] == ("a", "b") and one["keep"] == [9]
        differing = {key for key in own if own[key] != one.get(key)}
        assert differing == {"parts", "keep", "seed"}
    assert {"half"} <= {*OF_NO_SHAPE}


def test_the_number_of_shadows_trains_nothing_else_anew():
    few, many = read(CONFIG), read(changed(training_mine={"shadows": 8}))
    for name in ("mine", "alike", "mine-shadow-1", "mine-shadow-4"):
        assert stage_settings.train(few, name) == stage_settings.train(many, name)
    assert stage_settings.vae(few, "mine") == stage_settings.vae(many, "mine")


def test_shadows_share_the_vae_and_are_not_inherited():
    experiment = read(CONFIG)
    assert experiment.vae("mine-shadow-2") == "mine"
    assert "alike-shadow-1" not in experiment.config["training"]
    assert experiment.shown_trainings == ("mine", "alike")


def test_references_answer_only_what_attacks_with_references_ask():
    experiment = read(CONFIG)
    asked = experiment.wanted("mine-shadow-1", "set")
    assert {*asked} == {*experiment.attack_on("fair", "lira").queries}
    assert {*asked} < {*experiment.wanted("mine", "set")}
    files = StageInputs(experiment)
    assert len(files.answers_of_references("fair", "lira")) == 4 * len(asked)
    assert files.answers_of_references("fair", "loss") == []
    assert files.answers_of_controls("fair", "lira"), "a control is tried on the same references"
    learnt = read(changed(attacks_learnt={"learns_from": "references"}))
    more = learnt.attack_on("fair", "learnt").queries
    assert {*learnt.wanted("mine-shadow-1", "set")} == {*asked, *more}


def test_attacks_with_references_exist_where_there_are_some():
    config = changed(targets_fair={"references": None}, training_mine={"shadows": None})
    assert read(config).attacks_of("fair") == ("loss", "learnt")


def test_what_references_learnt_is_read_off_the_config():
    told = stage_settings.references(read(CONFIG), "fair")["references"]
    assert told["mine-shadow-2"] == [
        {"set": "set", "parts": ("a", "b"), "half": {"number": 2, "seed": 3}}
    ]
    config = changed(targets_fair={"references": ["whole", "mine-shadows"]})
    config["training"]["whole"] = {"set": "set", "like": "mine"}
    config["models"]["whole"] = {"source": "training", "training": "whole"}
    told = stage_settings.references(read(config), "fair")["references"]
    assert told["whole"] == [{"set": "set", "parts": ("a", "b", "c", "rest")}]


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        (
            {"targets_fair": {"references": None}},
            "training.mine.shadows: no target with a model names 'mine-shadows'",
        ),
        (
            {"training_mine-shadow-2": {"set": "set:a", "like": "mine"}},
            "training.mine.shadows: a training or a model is called 'mine-shadow-2' too",
        ),
        (
            {"targets_fair": {"nonmembers": "other"}},
            "training.mine.shadows: shadow models learn halves of image set 'set', and "
            "targets.fair.nonmembers is of 'other'",
        ),
        (
            {"targets_fair": {"references": "shadows"}, "training_mine": {"shadows": None}},
            "targets.fair.references: no model 'shadows'",
        ),
        (
            {"targets_fair": {"references": ["mine-shadows", "mine"]}},
            "targets.fair.references: 'mine' is under `model` too",
        ),
        (
            {"targets_fair": {"references": ["mine-shadows", "alike"]}},
            "targets.fair.references: 'alike' is under `control` too",
        ),
        (
            {"targets_fair": {"control": "mine-shadow-1"}},
            "targets.fair.control: 'mine-shadow-1' is a shadow model",
        ),
        (
            {
                "training_again": {"set": "set:a", "like": "mine", "seed": 8},
                "models_again": {"source": "training", "training": "again"},
                "targets_fair": {"references": ["mine-shadows", "again"]},
            },
            "'again' was trained on the same images of the target as 'mine'",
        ),
        (
            {
                "models_far": {"source": "path", "path": "models/far"},
                "targets_fair": {"references": ["mine-shadows", "far"]},
            },
            "what 'far' was trained on is not known; expected `trained_on`",
        ),
        (
            {"attacks_lira": {"attack": "coin"}},
            "targets.fair.references: no attack on it reads them; expected `lira`",
        ),
        (
            {"models_mine": {"training": "man"}},
            "models.mine.training: no training 'man'; did you mean 'mine'?",
        ),
        (
            {"training_mine": {"shadows": 2}, "attacks_bavaria": {}},
            "targets.fair.references: attacks.bavaria needs 3 at least, 2 of them on one side of "
            "an image, trained on it or not; here are 2, at most 1 of them on one side",
        ),
        (
            {"training_mine": {"shadows": 2}, "attacks_bavaria": {"mode": "offline"}},
            "attacks.bavaria needs 2 at least, 2 of them on one side of an image",
        ),
        (
            {"training_mine": {"shadows": 7}, "attacks_lira": {"variance": "per-image"}},
            "attacks.lira needs 8 at least, 4 of them on one side of an image, trained on it or "
            "not; here are 7, at most 4 of them on one side",
        ),
        ({"training_mine": {"shadows": 1}}, "training.mine.shadows: 1 is less than"),
        (
            {"attacks_loss": {"learns_from": "references"}},
            "attacks.loss: learns_from: expected an attack that learns labels from a model's",
        ),
        (
            {"attacks_lira": {"timestep": "auto", "grid": [100, 300]}},
            "attacks.lira: timestep: it learns itself; expected a timestep, not auto",
        ),
        ({"attacks_lira": {"mode": "both"}}, "mode must be one of online, offline, got 'both'"),
        ({"attacks_lira": {"variance": "own"}}, "variance must be one of auto, pooled, per-image"),
    ],
)
def test_what_cannot_be_is_refused(blocks, said):
    assert said in refused(**blocks)


def test_as_many_references_as_an_attack_needs_are_enough():
    for shadows, attack in [
        (2, {"attack": "lira"}),
        (3, {"attack": "bavaria"}),
        (8, {"attack": "lira", "variance": "per-image"}),
    ]:
        read(changed(training_mine={"shadows": shadows}, attacks_lira=attack))


def test_scores_alone_have_no_references():
    config = {"results": "r", "targets": {"t": {"scores": "x.csv", "references": ["a"]}}}
    with pytest.raises(ConfigError, match=r"targets\.t\.references: not read beside `scores`"):
        read(config)
