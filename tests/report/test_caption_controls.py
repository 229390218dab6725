"""What the page says of an attack that was asked under other captions."""

import itertools

import pandas as pd
import pytest

from mia.config.attacks import build_attacks
from mia.config.caption_controls import caption_controls as families_of
from mia.config.errors import ConfigError
from mia.report.pages.caption_controls import COLUMNS, caption_controls

ENTRIES = {
    "loss": {},
    "late": {"attack": "loss", "timesteps": [500]},
    "loss_null": {"attack": "loss", "timesteps": [100], "condition": "null"},
    "loss_blip": {"attack": "loss", "condition": "alt-blip"},
    "loss_mixed": {"attack": "loss", "captions": "shuffled"},
    "loss_fixed": {"attack": "loss", "captions": "fixed: a sign"},
    "late_swapped": {"attack": "loss", "timesteps": [500], "captions": "swapped"},
    "clid_th": {},
    "clid_th_mixed": {"attack": "clid_th", "captions": "shuffled"},
    "auto": {"attack": "loss", "timesteps": "auto", "grid": [100, 300]},
    "auto_mixed": {
        "attack": "loss",
        "timesteps": "auto",
        "grid": [100, 300],
        "captions": "shuffled",
    },
    "pia": {},
    "coin": {},
}


def test_entries_that_differ_in_captions_alone_stand_together():
    assert families_of(build_attacks(ENTRIES)) == [
        {
            "own": "loss",
            "null": "loss_null",
            "shuffled": "loss_mixed",
            "fixed: a sign": "loss_fixed",
        },
        {"own": "late", "swapped": "late_swapped"},
        {"own": "clid_th", "shuffled": "clid_th_mixed"},
        {"own": "auto", "shuffled": "auto_mixed"},
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"attack": "loss", "captions": "shuffle"}, "captions must be one of own, fixed, fixed:"),
        ({"attack": "loss", "captions": "fixed:"}, "captions must be one of own, fixed, fixed:"),
        ({"attack": "loss", "captions": "swapped:x"}, "captions must be one of own, fixed, fixed:"),
        ({"attack": "loss", "captions": None}, "captions must be one of own, fixed, fixed:"),
        (
            {"attack": "loss", "condition": "null", "captions": "fixed"},
            "tells the model no caption",
        ),
        ({"attack": "stack", "captions": "fixed"}, "it tells the model no caption of its own"),
        ({"attack": "blind_caption", "captions": "fixed"}, "it tells the model no caption"),
    ],
)
def test_captions_that_an_entry_cannot_have_are_named(entry, said):
    with pytest.raises(ConfigError, match=f"attacks.x: .*{said}"):
        build_attacks({"loss": {}, "x": entry})


def test_a_stack_reads_no_control():
    alone = build_attacks({"loss": {}, "stack": {}})["stack"].queries
    beside = {"loss": {}, "mixed": {"attack": "loss", "captions": "shuffled"}, "stack": {}}
    assert build_attacks(beside)["stack"].queries == alone


FAMILY = {kind: kind for kind in COLUMNS} | {"fixed:an image": "fixed"}
del FAMILY["fixed"]


def rows_of(areas):
    """Rows with intervals of ± 0.04."""
    return [{"attack": name, "auc": (a, a - 0.04, a + 0.04)} for name, a in areas.items()]


def pairs_of(areas, turned=False):
    """Every pair on two targets, with a p that is small where AUCs are 0.05 apart or more."""
    pairs = [pair[::-1] if turned else pair for pair in itertools.combinations(areas, 2)]
    rows = []
    for attack, other in pairs:
        gap = areas[attack] - areas[other]
        ends = {"difference": gap, "low": gap - 0.05, "high": gap + 0.05}
        p = 0.001 if abs(gap) >= 0.05 else 0.8
        rows.append({"target": "fair", "attack": attack, "other": other, **ends, "p_holm": p})
        rows.append({**rows[-1], "target": "another", "difference": 9.0, "p_holm": 0.0})
    return pd.DataFrame(rows)


READINGS = [
    ({"own": 0.7, "shuffled": 0.51}, "It reads the pair of image and caption."),
    ({"own": 0.8, "shuffled": 0.6}, "pair of image and caption, and the style of captions"),
    ({"own": 0.7, "shuffled": 0.69, "fixed": 0.5}, "It reads the style of captions: "),
    ({"own": 0.7, "shuffled": 0.69}, "fixed or null captions would tell style from image"),
    ({"own": 0.7, "shuffled": 0.69, "null": 0.68}, "separates without its caption."),
    ({"own": 0.9, "shuffled": 0.6, "fixed": 0.6}, "The right caption adds to it."),
    ({"own": 0.56, "shuffled": 0.53}, "Undecided"),
    ({"own": 0.52, "shuffled": 0.51}, "It separates nothing under the own captions."),
    ({"own": 0.7, "swapped": 0.4}, "Only shuffled captions would tell"),
    ({"shuffled": 0.7}, "No entry asks it under the own captions."),
]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("areas", "said"), READINGS)
def test_a_row_says_what_an_attack_reads(areas, said, turned):
    pairs = pairs_of({**areas, "x": 0.6, "y": 0.6}, turned)
    (row,) = caption_controls([FAMILY], rows_of(areas), pairs, "fair", 0.05)
    assert said in row["reading"]
    cells = dict(zip(COLUMNS, row["cells"], strict=True))
    assert {kind for kind, cell in cells.items() if cell} == areas.keys()
    for kind, cell in cells.items():
        if cell and kind != "own" and "own" in areas:
            gap = areas["own"] - areas[kind]
            assert cell["difference"] == pytest.approx(gap)
            assert (cell["lower"], cell["upper"]) == pytest.approx((gap - 0.05, gap + 0.05))


def test_an_attack_without_a_control_on_the_target_has_no_row():
    areas = {"own": 0.7, "null": 0.6}
    assert caption_controls([FAMILY], rows_of(areas), pairs_of(areas), "fair", 0.05) == []
