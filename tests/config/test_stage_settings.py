"""What stages are told of a config: each what it needs, and nothing else of it."""

from __future__ import annotations

import copy
import inspect
import json
import re
from itertools import product

import pytest
import yaml

from mia.config import (
    exports,
    image_settings,
    model_settings,
    report_settings,
    stage_code,
    stage_settings,
)
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.stage_files import PAGE_PARTS, StageFiles
from mia.config.stage_inputs import StageInputs
from mia.fingerprint import PACKAGE
from mia.query import load
from rule_texts import RULES

SHIPPED = yaml.safe_load((PACKAGE.parents[1] / "config/config.yaml").read_text(encoding="utf-8"))
TELLING = (stage_settings, image_settings, model_settings, report_settings, exports)
STAGES = {path.stem for path in (PACKAGE / "stages").glob("[!_]*.py")}


def wildcards(experiment) -> dict[str, list[str]]:
    """Wildcard to the values that it takes."""
    config = experiment.config
    return {
        "set": [*config["image_sets"]],
        "training": [*config["training"]],
        "vae": [*config["training"]],
        "model": [*config["models"]],
        "target": [*config["targets"]],
        "attack": [*experiment.attacks],
        "encoder": [*experiment.encoders],
    }


def told(config) -> dict[tuple[str, ...], str]:
    """Stage and wildcards to what it is told, as text."""
    experiment = read(copy.deepcopy(config))
    said, values = {}, wildcards(experiment)
    for stage in STAGES:
        function = getattr(stage_settings, stage)
        _, *names = inspect.signature(function).parameters
        for chosen in product(*(values[name] for name in names)):
            settings = function(experiment, *chosen)
            said[(stage, *chosen)] = json.dumps(settings, sort_keys=True)
    return said


def changed(change) -> set[str]:
    """The stages that are told something else after a change of the shipped config."""
    config = copy.deepcopy(SHIPPED)
    change(config)
    before, after = told(SHIPPED), told(config)
    return {key[0] for key in before if before[key] != after.get(key, before[key])}


def test_every_stage_is_told_by_a_function_of_its_name():
    assert {
        name
        for name, function in vars(stage_settings).items()
        if inspect.isfunction(function)
        and function.__module__ in {module.__name__ for module in TELLING}
        and not name.startswith("_")
        and name != "as_told"
    } == STAGES


def test_code_and_given_files_are_said_of_stages():
    """A function of another name would be called by no rule."""
    loaded = {name for name, _ in inspect.getmembers(stage_code, inspect.isfunction)}
    of_config = {
        "exclude",
        "known",
        "external",
        "table",
    }  # paths, which stages are given as options
    given = {name for name, _ in inspect.getmembers(StageFiles, inspect.isfunction)} - of_config
    loaded -= {"families", "source", "source_code"}
    assert {name for name in loaded | given if not name.startswith("_")} <= STAGES


def test_what_no_number_depends_on_is_told_to_nobody():
    assert changed(lambda config: config.update(results="results/other")) == set()


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        (
            lambda c: c["attacks"]["loss"].update(draws=3),
            {"score", "score_generated", "measure", "gather", "tables"},
        ),
        (lambda c: c["image_sets"]["openmoji"].update(shards=3), {"plan", "gather", "measure"}),
        (lambda c: c["attacks"].update(more={"attack": "coin"}), {"tables"}),
        (lambda c: c.setdefault("audit", {}).update(margin=0.04), {"audit", "given_scores"}),
        (lambda c: c.setdefault("measure", {}).update(batch_size=3), {"measure"}),
        (lambda c: c.setdefault("measure", {}).update(device="cuda"), {"measure", "encode"}),
        (lambda c: c["targets"]["emoji-fair"].update(generated=50), set()),
        (
            lambda c: c.setdefault("evaluation", {}).update(delta=1e-6),
            {"evaluate", "audit", "tables", "figures", "loss_figures"},
        ),
    ],
)
def test_a_change_is_told_to_the_stages_that_it_concerns(change, stages):
    """Figures are told the evals of attacks; the report, all that it shows; `export`, queries."""
    elsewhere = {"report", "figures", "export"}
    assert changed(change) - elsewhere == stages - elsewhere


def test_inputs_named_by_wildcards_are_those_that_rules_have():
    experiment = read(copy.deepcopy(SHIPPED))
    known = {*wildcards(experiment), "shard", "channel", "template", "names", "blind", "queries"}
    for name, function in inspect.getmembers(StageInputs, inspect.isfunction):
        if not name.startswith("_"):
            _, *names = inspect.signature(function).parameters
            assert {*names} <= known, name


def test_every_rule_hands_its_stage_the_settings_of_its_name():
    for name, text in RULES.items():
        stage = next((s for s in ("plan", "given_scores") if name.startswith(s)), name)
        if f"mia.stages.{stage} " in text:
            assert f'told("{stage}"' in text and "--settings {params.settings:q}" in text, name
            assert f'code("{stage}"' in text, name


def test_a_model_trained_here_is_prepared_as_its_training_is():
    config = copy.deepcopy(SHIPPED)
    name, spec = next((n, s) for n, s in config["models"].items() if s["source"] == "training")
    assert "preparation" not in stage_settings.model(read(copy.deepcopy(config)), name)
    config["training"][spec["training"]]["preparation"] = "adm"
    experiment = read(config)
    for stage in (stage_settings.vae, stage_settings.train):
        assert stage(experiment, spec["training"])["preparation"] == "adm"
    assert stage_settings.model(experiment, name)["preparation"] == "adm"


def test_a_model_tuned_from_a_base_is_prepared_as_the_base_is():
    """Two models of one folder that are prepared otherwise have latents of their own."""
    config = copy.deepcopy(SHIPPED)
    spec = next(spec for spec in config["models"].values() if spec["source"] == "training")
    base = {"source": "path", "path": "sd"}
    config["models"] |= {"plain": base, "halved": {**base, "preparation": "adm"}}
    learnt = config["training"][spec["training"]]["set"]
    tuned = {"base": "halved", "set": learnt, "learning_rate": 1e-5}
    config["training"]["tuned"] = tuned
    config["models"]["mine"] = {"source": "training", "training": "tuned"}
    experiment = read(config)
    assert stage_settings.model(experiment, "mine")["preparation"] == "adm"
    assert "preparation" not in stage_settings.model(experiment, "plain")
    assert [experiment.vae(name) for name in ("plain", "halved", "mine")] == [
        *("plain", "halved", "halved")
    ]
    config["training"]["tuned"]["preparation"] = "centre"
    with pytest.raises(ConfigError, match="'preparation' would be ignored: `base` decides it"):
        read(config)


def test_every_part_of_the_page_is_compared():
    """A part that no fingerprint names could change without the page being written anew."""
    folder = PACKAGE.parent / "report"
    parts = {"page.html.j2"}
    for path in folder.glob("*.j2"):
        parts |= {*re.findall(r'{% (?:from|include|import|extends) "([^"]+)"', path.read_text())}
    assert parts == {*PAGE_PARTS}


def test_losses_are_exported_with_what_a_model_is_to_a_target():
    config = yaml.safe_load((PACKAGE.parents[1] / "config/all-attacks.yaml").read_text("utf-8"))
    config["targets"]["emoji-shifted"]["references"] = ["emoji_shadow"]
    config["attacks"]["lira"] = {"mode": "offline"}
    told = stage_settings.export(read(config))
    assert told["models"] == {
        "emoji-fair": {"emoji_early": "target", "emoji_shadow": "control"},
        "emoji-overfit": {"emoji_late": "target", "emoji_shadow": "control"},
        "emoji-shifted": {"emoji_early": "target", "emoji_shadow": "reference"},
        "emoji-null": {"emoji_early": "target"},
    }
    for models in told["models"].values():
        for model in models:
            asked = load(told["queries"][model]["openmoji"])
            assert {query.signal for query in asked} == {"denoise"}
