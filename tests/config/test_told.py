"""What a model is told of an image decides which entries exist on its targets, and how they ask."""

from __future__ import annotations

import copy
import json

import pytest

from mia.access import WHITE_BOX
from mia.config import stage_settings
from mia.config.attacks import build_attack, known_attacks
from mia.config.check_files import file_mistakes
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.stage_inputs import StageInputs
from mia.query import dump, load
from mia.signals.shared.evals import unanswered
from mia.told_captions import control_of

HUB = {"source": "hub", "repo": "a/b", "revision": "0" * 40}
# No embedding model, no addresses, no references.
LACKING = {"blind_embedding", "blind_text", "blind_text_image", "blind_source"}
LACKING |= {"bavaria", "lira"}
ROWS = {name: {} for name in known_attacks() if name not in LACKING} | {
    "loss_null": {"attack": "loss", "condition": None},
    "loss_auto": {"attack": "loss", "timesteps": "auto", "grid": [100, 300]},
    "s02_model": {"attack": "dubinski", "setting": 2, "timestep": 41},
    "s02_latent": {"attack": "dubinski", "setting": 2, "loss": "latent"},
    "s13_latent": {"attack": "dubinski", "setting": 13, "loss": "latent"},
    "s13_forest": {"attack": "dubinski_classifier", "setting": 13, "classifier": "forest"},
    "s05_model": {"attack": "dubinski", "setting": 5},
    "stack_few": {"attack": "stack", "entries": ["loss", "clid_null"]},
    "stack_none": {"attack": "stack", "entries": ["clid_null", "guidance_norm"]},
}
CONTRASTS = {"clid_null", "clid_th", "guidance_norm", "latent_error", "pixel_error", "stack_none"}
CONTRASTS |= {"dubinski_classifier", "s02_latent", "s05_model"}
CONTRASTS |= {"clid_vec"}
WORDS = {"clid_th", "clid_vec", "s05_model"}


def config_with(*told: str, attacks=ROWS) -> dict:
    """A config with a target on a hub model of each condition, called as the condition is."""
    sides = {"members": "mine:seen", "nonmembers": "mine:unseen"}
    return {
        "results": "results/mine",
        "image_sets": {
            "mine": {"source": "folder", "parts": {"seen": {"path": "a"}, "unseen": {"path": "b"}}}
        },
        "models": {
            name: {**HUB, "condition": condition}
            for condition in told
            for name in (condition, f"{condition}-other")
        }
        | {f"{name}-third": {**HUB, "condition": name, "trained_on": "a.csv"} for name in told},
        "targets": {
            name: {
                "model": name,
                "reference": f"{name}-other",
                **({"references": f"{name}-third"} if "lira" in attacks else {}),
                **sides,
            }
            for name in told
        },
        "attacks": copy.deepcopy(attacks),
    }


def message(config) -> str:
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def test_what_a_model_is_told_is_said_by_its_source(tmp_path):
    """By its training, its folder, or the config; what is fine-tuned here is told text."""
    (tmp_path / "ddpm").mkdir()
    (tmp_path / "ddpm/model_index.json").write_text('{"_class_name": "DDPMPipeline"}')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/model_index.json").write_text('{"_class_name": "NoSuchPipeline"}')
    config = config_with("text", attacks={"loss": {}})
    trainings = {"plain": {"set": "mine:seen", "representation_set": "mine", "epochs": 1}}
    trainings["bare"] = {**trainings["plain"], "text": False}
    trainings["alike"] = {"set": "mine:seen", "like": "bare"}
    trainings["tuned"] = {"set": "mine:seen", "base": "hub", "learning_rate": 0.1, "epochs": 1}
    config["training"] = trainings
    config["models"] |= {name: {"source": "training", "training": name} for name in trainings}
    config["models"] |= {
        "folder": {"source": "path", "path": str(tmp_path / "ddpm")},
        "strange": {"source": "path", "path": str(tmp_path / "broken")},
        "absent": {"source": "path", "path": str(tmp_path / "absent")},
        "said": {"source": "path", "path": str(tmp_path / "absent"), "condition": "class"},
        "hub": HUB,
        "of_hub": {**HUB, "condition": "none"},
    }
    found = read(config)
    assert found.conditions == {
        "text": "text",
        "text-other": "text",
        "text-third": "text",
        "plain": "text",
        "bare": "none",
        "alike": "none",
        "tuned": "text",
        "folder": "none",
        "strange": "text",
        "absent": "text",
        "said": "class",
        "hub": "text",
        "of_hub": "none",
    }


def test_a_key_that_the_source_says_already_is_refused():
    config = config_with("text", attacks={"loss": {}})
    config["training"] = {"plain": {"set": "mine:seen", "representation_set": "mine", "epochs": 1}}
    config["models"]["trained"] = {"source": "training", "training": "plain", "condition": "none"}
    assert "models.trained.condition: not read for source training" in message(config)
    config["models"]["trained"] = {**HUB, "condition": "nothing"}
    assert "models.trained.condition: 'nothing'; " in message(config)


def test_a_folder_must_be_what_the_config_says(tmp_path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "DDPMPipeline"}')
    config = config_with("text", attacks={"loss": {}})
    config["models"]["mine"] = {"source": "path", "path": str(tmp_path), "condition": "text"}
    assert (
        "models.mine.condition: text, but the model is told nothing of an image; write "
        "`condition: none`"
    ) in [*file_mistakes(read(config))]
    config["models"]["mine"]["condition"] = "none"
    assert not [line for line in file_mistakes(read(config)) if "models.mine" in line]


def test_rows_that_contrast_conditions_do_not_exist_without_one():
    found = read(config_with("text", "none", "class"))
    assert set(found.attacks_of("text")) == set(ROWS)
    assert set(ROWS) - set(found.attacks_of("none")) == CONTRASTS == {*found.left_out("none")}
    assert set(ROWS) - set(found.attacks_of("class")) == WORDS == {*found.left_out("class")}
    assert found.left_out("text") == ()
    in_order = [name for name in ROWS if name not in CONTRASTS]
    assert list(found.attacks_of("none")) == in_order
    assert set(found.blind_attacks("none")) == set(found.blind_attacks("text"))


def test_all_other_rows_ask_such_a_model_without_a_caption():
    found = read(config_with("text", "none", "class"))
    for model in ("none", "none-other"):
        asked = found.wanted(model, "mine")
        assert {query.condition for query in asked} == {"null"}
        assert "captions" not in {query.signal for query in asked}
    assert found.wanted("none-other", "mine")
    for entry in ("loss_auto", "s13_latent", "dubinski"):
        built = found.attack_on("none", entry)
        assert len(built.candidates) == len(found.attack_on("text", entry).candidates) > 1
        assert {query.condition for query in built.queries} == {"null"}
    shifts = {dict(q.further).get("shift") for q in found.wanted("class", "mine")}
    assert shifts <= {None, 0.0} and {"both", "caption"} <= {
        query.condition for query in found.wanted("class", "mine")
    }


def test_targets_with_captions_are_asked_and_told_what_they_were():
    """A target of another kind beside them changes nothing of theirs."""
    alone, beside = read(config_with("text")), read(config_with("text", "none", "class"))
    assert alone.wanted("text", "mine") == beside.wanted("text", "mine")
    for name in ROWS:
        assert stage_settings.score(alone, "text", name) == stage_settings.score(
            beside, "text", name
        )
    for stage in ("model", "figures", "audit"):
        function = getattr(stage_settings, stage)
        assert function(alone, "text") == function(beside, "text")
    assert "conditions" not in stage_settings.tables(alone)
    assert stage_settings.tables(beside)["conditions"] == {"none": "none", "class": "class"}


@pytest.mark.parametrize("target", ["text", "none", "class"])
def test_a_stage_builds_the_attack_that_was_planned(target):
    """From the entry that it is told, which goes through JSON."""
    found = read(config_with("text", "none", "class"))
    for name in found.attacks_of(target):
        told = json.loads(json.dumps(stage_settings.score(found, target, name)))
        built = build_attack(told["name"], told["entry"])
        if "queries" in told:
            built = built.with_queries(load(told["queries"]))
        assert repr(built) == repr(found.attack_on(target, name))
        assert dump(built.queries) == dump(found.attack_on(target, name).queries)


def test_a_stack_reads_what_there_is_on_its_target():
    found = read(config_with("text", "none", "class"))
    few = found.attack_on("none", "stack_few")
    assert set(few.queries) == set(found.attack_on("none", "loss").queries)
    both = found.attack_on("text", "stack_few").queries
    assert {query.condition for query in both} == {"caption", "both"}
    everything = set(found.attack_on("none", "stack").queries)
    asked = [found.attack_on("none", name) for name in found.attacks_of("none")]
    others = {query for attack in asked if attack.access != WHITE_BOX for query in attack.queries}
    others = {query for query in others if query.signal != "png"}  # no answer of it
    assert everything == {*unanswered(others)}
    assert "stack_none" in found.attacks_of("class")


def test_caption_controls_exist_where_there_are_captions_to_exchange():
    rows = {
        "loss": {},
        **{
            kind.partition(":")[0] + str(len(kind)): {"attack": "loss", "captions": kind}
            for kind in ("fixed", "fixed:207", "shuffled", "swapped")
        },
    }
    found = read(config_with("text", "none", "class", attacks=rows))
    assert found.attacks_of("text") == tuple(rows)
    assert found.attacks_of("class") == tuple(name for name in rows if name != "fixed5")
    assert found.attacks_of("none") == ("loss",)
    asked = {control_of(query) for query in found.wanted("class", "mine")}
    assert asked == {None, "fixed:207", "shuffled:class", "swapped:class"}


def test_a_model_without_captions_is_asked_for_none_by_an_entry():
    for condition in ("caption", "alt-short"):
        rows = {"loss": {}, "own": {"attack": "loss", "condition": condition}}
        config = config_with("none", attacks=rows)
        assert message(config) == (
            f"attacks.own.condition: '{condition}': target 'none': model 'none' has no caption; "
            "leave `condition` out"
        )
    rows = {
        "bare": {"attack": "loss", "condition": None},
        "s01": {"attack": "dubinski", "setting": 1, "condition": "caption"},
    }
    found = read(config_with("none", attacks=rows))
    assert found.attacks_of("none") == ("bare",)


def test_a_guided_setting_reads_two_conditions_and_takes_none():
    for row in (
        {"attack": "dubinski", "setting": 2, "loss": "pixel", "condition": None},
        {"attack": "dubinski_classifier", "setting": 12, "condition": "alt-short"},
    ):
        said = message(config_with("text", attacks={"own": row}))
        assert said.startswith("attacks.own: condition must be left out for setting ")


def test_a_reference_is_told_the_same():
    config = config_with("none", attacks={"loss": {}})
    config["models"]["none-other"]["condition"] = "class"
    assert message(config) == (
        "targets.none.control: 'none-other' is told a class of an image, 'none' nothing; "
        "expected a control that is told the same"
    )


def test_a_model_trained_without_text_is_checked_like_any_other():
    config = config_with("text", attacks={"own": {"attack": "loss", "condition": "caption"}})
    config["training"] = {"bare": {"set": "mine:seen", "representation_set": "mine", "epochs": 1}}
    config["models"]["mine"] = {"source": "training", "training": "bare"}
    config["targets"] = {
        "t": {"model": "mine", "members": "mine:seen", "nonmembers": "mine:unseen"}
    }
    assert read(config).attacks_of("t") == ("own",)
    config["training"]["bare"]["text"] = False
    assert message(config).startswith("attacks.own.condition: 'caption': target 't': model 'mine'")


def test_files_of_a_target_are_those_of_its_own_rows():
    found = read(config_with("text", "none"))
    files = StageInputs(found)
    assert all("-null" in path for path in files.losses("none"))
    assert files.answers("none", "loss") == [
        f"results/mine/queries/none/mine/denoise/t100-d{draw}-null.parquet" for draw in (0, 1)
    ]
    scored = files.of_attacks("scores/{target}/{attack}.parquet", "none")
    assert not [path for path in scored if path.split("/")[-1][:-8] in CONTRASTS]
