"""`compare`: which targets may be held against each other, and which of their attacks are."""

from __future__ import annotations

import copy

import pytest
import yaml

from mia.config import stage_settings
from mia.config.errors import ConfigError
from mia.config.read import read
from mia.fingerprint import PACKAGE

SHIPPED = yaml.safe_load((PACKAGE.parents[1] / "config/config.yaml").read_text(encoding="utf-8"))
PAIR = {"before": "emoji-overfit", "after": "emoji-fair"}
BLIND = {name for name in SHIPPED["attacks"] if name.startswith("blind_")}


@pytest.fixture
def config():
    return copy.deepcopy(SHIPPED)


def told(config):
    return stage_settings.tables(read(config)).get("compare", {})


def message(config) -> str:
    with pytest.raises(ConfigError) as caught:
        read(config)
    return str(caught.value)


def test_one_pair_may_stand_without_a_name_and_several_have_names(config):
    config["compare"] = PAIR
    assert {name: (one["before"], one["after"]) for name, one in told(config).items()} == {
        "compare": ("emoji-overfit", "emoji-fair")
    }
    back = dict(zip(PAIR, reversed(PAIR.values()), strict=True))
    config["compare"] = {"defence": PAIR, "back": back}
    assert [*told(config)] == ["defence", "back"]
    del config["compare"]
    assert "compare" not in stage_settings.tables(read(config))


def test_attacks_on_the_model_of_both_are_compared(config):
    config["attacks"] |= {
        "theirs": {"scores": "theirs.csv"},
        "of_one": {"scores": "theirs.csv", "targets": ["emoji-fair"]},
        "shuffled": {"attack": "loss", "captions": "shuffled"},
    }
    config["compare"] = PAIR
    asked = {*SHIPPED["attacks"]} - BLIND - {"coin"}
    assert {*told(config)["compare"]["attacks"]} == asked
    del config["targets"]["emoji-fair"]["control"]
    assert {*told(config)["compare"]["attacks"]} == asked - {"loss_ratio"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nonmembers": "openmoji:extra"}, "nonmembers: openmoji:nonmember in"),
        ({"members": "openmoji:shadow"}, "members: openmoji:member in"),
        ({"match": "bins"}, "match: none in 'emoji-overfit', bins in 'emoji-fair'; expected the"),
        ({"isolate": {"phash": 6}}, "isolate: nothing in 'emoji-overfit', {'phash': 6} in"),
    ],
)
def test_what_differs_of_the_images_is_named(config, change, said):
    config["compare"] = PAIR
    config["targets"]["emoji-fair"] |= change
    del config["targets"]["emoji-fair"]["control"]
    assert f"compare.compare: {said}" in message(config)


@pytest.mark.parametrize(
    ("compare", "said"),
    [
        ({"before": "emoji-fair"}, "compare: missing key 'after'"),
        ({**PAIR, "more": PAIR}, "compare: more beside before or after; expected one comparison"),
        ({"d": {"before": "emoji-fair"}}, "compare.d: missing key 'after'"),
        ({**PAIR, "after": "emoji"}, "compare.compare.after: no target 'emoji'; did you mean"),
        ({**PAIR, "after": PAIR["before"]}, "'emoji-overfit' stands for before and after"),
        ({**PAIR, "after": "judged"}, "compare.compare.after: 'judged' has no model and no scores"),
        ({**PAIR, "after": "given"}, "'emoji-overfit' is full and 'given' is scores only; expecte"),
        ({"before": "elsewhere", "after": "emoji-fair"}, "model: only one of 'elsewhere' and"),
    ],
)
def test_a_pair_that_cannot_be_compared_is_refused(config, compare, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scores.csv").write_text("id,member,secmi\na,1,0.5\n")
    sides = {side: SHIPPED["targets"]["emoji-fair"][side] for side in ("members", "nonmembers")}
    config["models"]["elsewhere"] = {"source": "path", "path": "m"}
    config["targets"] |= {
        "judged": sides,
        "given": {"scores": "scores.csv"},
        "elsewhere": {"model": "elsewhere", **sides},
    }
    config["compare"] = compare
    assert said in message(config)


def test_what_models_are_told_has_to_be_alike(config):
    sides = {side: SHIPPED["targets"]["emoji-fair"][side] for side in ("members", "nonmembers")}
    for name, condition in (("one", "text"), ("other", "none")):
        hub = {"repo": "a/b", "revision": 40 * "0", "condition": condition}
        config["models"][name] = {"source": "hub", **hub}
        config["targets"][name] = {"model": name, **sides}
    config["compare"] = {"before": "one", "after": "other"}
    assert "model: told a text in 'one', told nothing in 'other'" in message(config)


def test_tables_of_scores_share_columns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,member,secmi,loss\na,1,0.5,1\n")
    (tmp_path / "b.csv").write_text("id,member,loss,pia\na,1,0.5,1\n")
    (tmp_path / "c.csv").write_text("id,member,pfami\na,1,0.5\n")
    targets = {name: {"scores": f"{name}.csv"} for name in "abc"}
    config = {"results": "r", "targets": targets}
    found = told({**config, "compare": {"before": "a", "after": "b"}})
    assert found["compare"]["attacks"] == ["loss"]
    said = message({**config, "compare": {"before": "a", "after": "c"}})
    assert said == "compare.compare: no attack reads the model of both 'a' and 'c'; expected one"
