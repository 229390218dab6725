"""A target's third side in a config: an image set of its own, and nothing else that moves."""

from copy import deepcopy

import pytest

from mia.config import model_settings, stage_settings
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.config.stage_inputs import StageInputs
from mia.config.stage_order import StageOrder
from mia.signals.shared.evals import predictions
from mia.told_captions import control_of

SIDES = {"members": "set:a", "nonmembers": "set:b"}
OTHER = {"set": "set:c", "like": "mine", "representation_set": "set"}
CONFIG = {
    "results": "r",
    "seed": 3,
    "image_sets": {
        "set": {
            "source": "builtin",
            "split": {"a": 30, "b": 30, "c": 30},
            "duplicates": {"phash": 3},
        }
    },
    "training": {
        "mine": {"set": "set:a", "representation_set": "set", "epochs": 2},
        "other": OTHER,
    },
    "models": {
        "mine": {"source": "training", "training": "mine"},
        "other": {"source": "training", "training": "other"},
    },
    "targets": {"fair": {"model": "mine", "control": "other", **SIDES}},
    "attacks": {
        "loss": {},
        "loss_ratio": {"timesteps": [300]},
        "loss_shuffled": {"attack": "loss", "captions": "shuffled"},
        "logistic_losses": {},
        "stack": {},
        "theirs": {"scores": "theirs.csv"},
        "blind_image": {},
        "coin": {},
    },
}


def changed(**target) -> dict:
    """The config with keys of the target `fair` in place of its own."""
    config = deepcopy(CONFIG)
    config["targets"]["fair"] |= target
    return config


def refused(config) -> str:
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def test_a_number_stands_for_a_section_with_defaults():
    found = read(changed(generated=20)).config["targets"]["fair"]["generated"]
    assert found == {"images": 20, "steps": 50, "guidance": 7.5, "shards": 1}
    given = {"images": 20, "steps": 3, "guidance": 1, "shards": 2}
    assert read(changed(generated=given)).config["targets"]["fair"]["generated"] == given


def test_the_image_set_is_judged_by_the_rules_of_the_members():
    found = read(changed(generated=20))
    assert (found.generated("fair"), found.maker("fair-generated")) == ("fair-generated", "fair")
    assert found.maker("set") is None
    spec, members = (found.config["image_sets"][name] for name in ("fair-generated", "set"))
    assert spec["duplicates"] == members["duplicates"] and spec["duplicates"]["phash"] == 3
    assert spec["images"] == 20
    assert found.set_parts("fair-generated") == ("all",)
    assert not found.addressed("fair-generated") and found.has_images("fair-generated")


def test_tried_is_what_asks_the_model_about_the_image_under_its_own_caption():
    found = read(changed(generated=20))
    assert found.tried_on_generated("fair") == ("loss", "loss_ratio", "logistic_losses", "stack")
    asked = found.wanted("mine", "fair-generated")
    assert {*asked} < {*found.wanted("mine", "set")}
    assert {query.timestep for query in found.wanted("other", "fair-generated")} == {300}


def test_learners_from_references_are_left_out():
    config = changed(generated=20, references="mine-shadows")
    config["training"]["mine"]["shadows"] = 4
    config["attacks"]["bavaria"] = {}
    config["attacks"]["learnt"] = {"attack": "logistic_losses", "learns_from": "references"}
    found = read(config)
    assert {"bavaria", "learnt"} <= {*found.attacks_of("fair")}
    assert not {"bavaria", "learnt"} & {*found.tried_on_generated("fair")}
    assert not [model for model, name in found.pairs if "shadow" in model and "generated" in name]


def test_nothing_else_is_asked_or_told_anything_new():
    with_it, without = read(changed(generated=20)), read(changed())
    assert with_it.queries == without.queries
    assert with_it.sets("fair") == without.sets("fair") == ("set",)
    assert [pair for pair in with_it.pairs if pair[1] == "set"] == [*without.pairs]
    for model, image_set in without.pairs:
        assert with_it.wanted(model, image_set) == without.wanted(model, image_set)
    for stage in ("membership", "audit", "evaluate"):
        told = getattr(stage_settings, stage)
        assert told(with_it, "fair") == told(without, "fair"), stage
    assert stage_settings.tables(with_it) == stage_settings.tables(without)
    for attack in without.attacks_of("fair"):
        told = [stage_settings.score(one, "fair", attack) for one in (with_it, without)]
        assert told[0] == told[1], attack


def test_a_model_that_is_told_nothing_is_told_nothing_here():
    config = changed(generated=20)
    config["training"]["mine"]["text"] = False
    assert model_settings.generate(read(config), "fair-generated")["condition"] == "null"
    assert model_settings.generate(read(changed(generated=20)), "fair-generated") == {
        "steps": 50,
        "guidance": 7.5,
        "condition": "caption",
        "seed": 3,
        "device": "auto",
        "dtype": "float32",
    }


def test_too_few_members_are_found_before_anything_costly():
    """By the split; else by `plan`, which training, measuring and making wait for."""
    found = refused(changed(generated=31))
    assert found.startswith("targets.fair.generated.images: 31, and 'set:a' has 30 members")
    order = StageOrder(read(changed(generated={"images": 20, "shards": 2})))

    class Wildcards:
        training, set, shard, model = "mine", "set", "000", "mine"

    plans = [f"images/fair-generated/plan/00{shard}.parquet" for shard in (0, 1)]
    for stage in ("train", "encode", "measure"):
        assert {*plans} < {*order.awaited(stage, Wildcards)}, stage
    Wildcards.set = "fair-generated"
    assert "targets/fair/membership.parquet" in order.awaited("generate", Wildcards)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 is less than the minimum of 1"),
        (True, "True is not of type"),
        ({"steps": 3}, "missing key 'images'"),
        ({"images": 3, "guidance": 0.5}, "0.5 is less than the minimum of 1"),
        ({"images": 3, "step": 3}, "unknown key 'step'; did you mean 'steps'?"),
    ],
)
def test_a_wrong_section_is_named(value, said):
    found = refused(changed(generated=value))
    assert found.startswith("targets.fair.generated") and said in found


def test_it_needs_a_model_and_a_name_of_its_own():
    config = changed(generated=3)
    del config["targets"]["fair"]["model"], config["targets"]["fair"]["control"]
    assert refused(config) == (
        "targets.fair.generated: not read without `model`: nothing asks a model here"
    )
    config = changed()
    config["targets"]["fair"] = {"scores": "a.csv", "generated": 3}
    assert "targets.fair.generated: not read beside `scores`" in refused(config)
    config = changed(generated=3)
    config["image_sets"]["fair-generated"] = {"source": "builtin"}
    assert "an image set is called 'fair-generated' too" in refused(config)
    assert "no image set 'nowhere'" in refused(changed(generated=3, members="nowhere"))


def test_nothing_else_may_name_the_set_or_its_source():
    config = changed(generated=3)
    config["targets"]["again"] = {**SIDES, "model": "mine", "nonmembers": "fair-generated"}
    assert refused(config) == (
        "targets.again.nonmembers: 'fair-generated' is what a model makes; expected images"
    )
    config = changed()
    config["image_sets"]["mine"] = {"source": "generated"}
    assert refused(config).startswith("image_sets.mine.source: 'generated'; known: builtin")


def test_the_files_of_the_third_side_are_read_by_nothing_but_its_own_stages():
    inputs = StageInputs(read(changed(generated=3)))
    assert inputs.made_from("fair-generated") == [
        "r/targets/fair/membership.parquet",
        "r/images/set/manifest.parquet",
    ]
    assert inputs.made_from("set") == inputs.model_of_generated("set") == []
    assert inputs.model_of_generated("fair-generated") == ["r/models/mine/model.json"]
    assert "r/scores/fair/generated/loss.parquet" in inputs.generated_scores()
    assert len(inputs.generated_scores()) == 4
    for path in inputs.answers_on_generated("fair", "loss"):
        assert path.startswith("r/queries/mine/fair-generated/denoise/")
    (control,) = inputs.reference_on_generated("fair", "loss_ratio")[:1]
    assert control.startswith("r/queries/other/fair-generated/")
    assert inputs.reference_on_generated("fair", "loss") == []
    assert not any("generated" in path for path in inputs.answers("fair", "loss"))
    assert all(map(predictions, inputs._queries("fair", "stack")))


def test_outputs_are_kept_on_request_under_the_images_own_captions():
    config = changed(generated=20)
    made = {"attack": "generation_similarity", "draws": 2}
    config["attacks"] |= {"made": made, "made_shuffled": {**made, "captions": "shuffled"}}
    plain = read(config)
    kept = read(config | {"measure": {"keep": True}})
    for image_set in ("set", "fair-generated"):
        before, after = ({*one.wanted("mine", image_set)} for one in (plain, kept))
        assert before < after
        assert [query.draw for query in sorted(after - before)] == [0, 1]
        assert all(dict(query.further)["kept"] for query in after - before)
        assert not any(control_of(query) for query in after - before)
    told = [stage_settings.measure(one, "mine", "set") for one in (plain, kept)]
    assert [{**one, "queries": ""} for one in told] == [{**told[0], "queries": ""}] * 2
