"""Targets whose members are only claimed: what is then told, and what no longer is."""

from copy import deepcopy

import pytest

from made_up_results import CONFIG
from mia.config import design, stage_settings
from mia.config.claims import claims
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment
from mia.config.schema import complete


def experiment(claimed=()):
    config = deepcopy(CONFIG)
    for target in claimed:
        config["targets"][target]["members_are"] = "claimed"
    return Experiment(complete(config))


def test_a_claimed_target_has_the_target_that_knows_as_reference():
    found = claims(experiment(["emoji-shifted", "web"]))
    assert found["neither"] == ["emoji-null"]
    assert found["claimed"] == {"emoji-shifted": "emoji-fair", "web": "web-emoji"}
    assert claims(experiment(["web", "web-emoji"]))["claimed"] == {"web": None, "web-emoji": None}
    assert claims(experiment())["claimed"] == {}


def test_what_the_model_was_trained_on_is_not_told_of_claimed_images():
    known, doubted = experiment(), experiment(["emoji-null", "emoji-fair"])
    for of_design in (design.is_control, design.is_randomised):
        assert any(of_design(known, name) for name in ("emoji-null", "emoji-fair"))
        assert not any(of_design(doubted, name) for name in ("emoji-null", "emoji-fair"))
    assert stage_settings.tables(doubted)["neither"] == []
    doubted.config["attacks"].pop("loss_mean")
    known.config["attacks"].pop("loss_mean")
    assert stage_settings.figures(doubted, "emoji-fair")["claimed"] is True
    assert "claimed" not in stage_settings.figures(known, "emoji-fair")
    assert stage_settings.loss_figures(doubted, "emoji-fair")["claimed"] is True
    targets = stage_settings.report(doubted)["targets"]
    assert targets["emoji-fair"]["members_are"] == "claimed"
    assert targets["web"]["members_are"] == "known"


def test_another_word_is_refused():
    config = deepcopy(CONFIG)
    config["targets"]["web"]["members_are"] = "claimd"
    with pytest.raises(ConfigError, match="'claimd'; did you mean 'claimed'"):
        complete(config)
