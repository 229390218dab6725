"""What the page says of control models, and where a target has none."""

import pandas as pd
import pytest

from made_up_page import write_page
from mia.report.pages import controls

MODELS = {
    "late": {"source": "training", "training": "emoji", "epoch": 60},
    "shadow": {"source": "training", "training": "shadow", "epoch": 6},
    "other": {"source": "hub", "repo": "a/b", "revision": "0" * 40, "note": "LAION-2B"},
    "folder": {"source": "path", "path": "/srv/secret"},
}
SPEC = {
    "models": MODELS,
    "training": {
        "emoji": {"set": "openmoji:member"},
        "shadow": {"set": "openmoji:shadow", "base": "other"},
    },
}
SAME = {"family": "stable_diffusion", "parameters": 1_234_567}
LARGE = {"family": "pixart_alpha", "parameters": 610_000_000}
JSON = {"late": SAME, "shadow": SAME, "other": LARGE, "folder": SAME}


def told(names, blind=0.53, attack="loss", model="late", neither=False):
    pairing = {"model": model, "control": names} if model else {"members": "m"}
    if not names:
        pairing.pop("control", None)
    target = {"name": "t", "control": neither, "rows": [{"blind_auc": blind}]}
    cells = {"target": "t", "metric": "auc_control", "value": "0.4961"}
    long = pd.DataFrame([{**cells, "attack": "loss", "note": name} for name in names] or [cells])
    answers = pd.DataFrame([{"target": "t", "attack": attack}])
    spec = {**SPEC, "targets": {"t": pairing}}
    return controls.of_target(target, spec, JSON, long, answers)


def test_a_control_states_origin_likeness_training_and_its_own_auc():
    (shadow, other, folder) = told(["shadow", "other", "folder"])["models"]
    assert shadow == (
        "shadow",
        [
            "trained here (shadow), epoch 6",
            "family stable diffusion, 1.23 million parameters, as the model has",
            "trained on openmoji:shadow, from other (on LAION-2B (as the config says))",
            "AUC of loss on it 0.496, best blind AUC 0.530",
        ],
    )
    assert other[1][1:3] == [
        "family pixart alpha, 610 million parameters; the model: family stable diffusion, 1.23 "
        "million parameters",
        "trained on LAION-2B (as the config says)",
    ]
    assert folder[1][0] == "a local folder" and "secret" not in str(folder)
    assert folder[1][2].endswith("say it in models.folder.note")


def test_without_a_baseline_or_an_attack_the_auc_stands_alone_or_is_left_out():
    (one,) = told(["shadow"], blind=float("nan"))["models"]
    assert one[1][-1] == "AUC of loss on it 0.496"
    (one,) = told(["shadow"], attack="")["models"]
    assert len(one[1]) == 3


@pytest.mark.parametrize(
    ("how", "advised"), [({}, True), ({"neither": True}, False), ({"model": None}, False)]
)
def test_how_to_get_one_is_said_where_one_is_lacking(how, advised):
    """Not of a model that saw neither set, nor of sets without a model."""
    found = told([], **how)
    assert found["models"] == []
    assert found["advice"] == (controls.HOW_TO_GET_ONE if advised else None)
    assert not advised or "as control in this target" in found["advice"]


def test_the_page_has_the_sentence_once_a_target(tmp_path):
    text = write_page(tmp_path).read_text()
    sections = text.split('<section id="target-')[1:]
    assert {part.partition('"')[0]: part.count(controls.HOW_TO_GET_ONE) for part in sections} == {
        **dict.fromkeys(("emoji-fair", "emoji-overfit", "emoji-shifted", "web", "web-emoji"), 1),
        "emoji-null": 0,
    }
