"""What `make cost` says a claimed collection can show, held against simulated collections."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from mia import storage
from mia.config.read import read
from mia.cost.claimed_collections import NOTES, STRENGTHS, claimed_collections
from mia.cost.decidable import to_evaluate
from mia.evaluation.set_family import family
from mia.evaluation.set_test import LEVEL

NOWHERE = Path("nowhere")
ATTACKS = {"loss": {}, "pia": {}, "blind_caption": {}, "blind_image": {}}
FOUR_IN_FIVE = 0.8
SIDES = ("members", "nonmembers")


def experiment(attacks=ATTACKS, by_design=False, **of_target):
    split = {"a": 400, "b": 300}
    sets = {"emoji": {"source": "builtin", "limit": 700, "split": split}}
    if not by_design:
        sets = {
            name: {"source": "builtin", "limit": limit} for name, limit in (("a", 400), ("b", 300))
        }
    sides = ("emoji:a", "emoji:b") if by_design else ("a", "b")
    spec = {"model": "mine", "members_are": "claimed", **dict(zip(SIDES, sides, strict=True))}
    return read(
        {
            "results": "results",
            "image_sets": sets,
            "models": {name: {"source": "path", "path": name} for name in ("mine", "other")},
            "targets": {"t": {**spec, **of_target}},
            "attacks": attacks,
        }
    )


def lines(results=NOWHERE, **about):
    return claimed_collections(experiment(**about), results)


def cells(told, what):
    (line,) = [line for line in told if what in line]
    return line.split(what)[1].replace(" %", "").split()


def test_it_is_said_of_claimed_collections_alone():
    assert lines(members_are="known") == []
    told = lines()
    assert told[0] == "\nWhat a claimed collection can show at its size:" and told[-1] == NOTES
    assert told[1] == (
        "t: at most 400 claimed images beside 300 comparable ones, 2 attacks on the model"
    )


def test_the_power_is_that_of_simulated_collections():
    """Two attacks, of which one has the AUC assumed: 40 % are foreseen to pass at 0.55.

    Of 100 collections one standard error is 5 points; of 400, 44.5 % passed.
    """
    power = float(cells(lines(), "if all of it was used,")[0]) / 100
    rng, member = np.random.default_rng(0), np.arange(700) < 400
    images = {"member": member, "group": range(700), "block": 0}
    gap, passed = np.sqrt(2) * norm.ppf(STRENGTHS[0]), 0
    for seed in range(100):
        scores = {"loss": rng.normal(size=700) + gap * member, "pia": rng.normal(size=700)}
        tables = {name: pd.DataFrame({"score": s, **images}) for name, s in scores.items()}
        passed += family(tables, seed, 999)["loss"].p_family <= LEVEL
    assert passed / 100 == pytest.approx(power, abs=0.2)


def test_what_shows_four_times_in_five_is_the_same_in_every_line():
    told = lines()
    auc = float(re.search(r"an attack has an AUC of (0\.\d\d)\.", told[2])[1])
    power = [float(cell) / 100 for cell in cells(told, "if all of it was used,")]
    share = cells(told, "passes four times in five")
    images = [
        float(one.replace(",", "").replace("none", "inf")) for one in cells(told, "if all used")
    ]
    for strength, passes, least, needed in zip(STRENGTHS, power, share, images, strict=True):
        assert (strength > auc) == (passes > FOUR_IN_FIVE) == (least != "none") == (needed < 400)
    assert images == sorted(images, reverse=True) and power == sorted(power)


def test_too_few_comparable_images_are_told_from_too_few_claimed_ones():
    told = claimed_collections(
        read(
            experiment().config
            | {"image_sets": {name: {"source": "builtin", "limit": 9} for name in "ab"}}
        ),
        NOWHERE,
    )
    assert cells(told, "if all used")[:2] == ["none", "none"]
    assert cells(told, "passes four times in five")[0] == "none"


def test_what_an_answer_of_use_asks_for_besides():
    first, second = lines()[3:5]
    auc = float(re.search(r"Without a control .*: about (0\.\d\d)\.", first)[1])
    assert auc > float(re.search(r"an AUC of (0\.\d\d)\.", lines()[2])[1])
    assert re.search(r"asks for about [\d,]{5,} images a side", second)
    assert any("rests on the gain" in line for line in lines(control="other"))
    assert any("a pass is enough" in line for line in lines(by_design=True))
    model_alone = {"loss": {}, "pia": {}}
    assert any("name a control, or run blind" in line for line in lines(attacks=model_alone))


def test_what_cannot_be_said_is_said():
    assert (
        lines(attacks={"blind_image": {}})[1] == "t: cannot be said, as no attack reads the model"
    )
    told = experiment()
    told.config["image_sets"]["a"] = {"source": "folder", "path": "nowhere"}
    assert "as nobody knows how many images" in claimed_collections(told, NOWHERE)[1]


def test_controls_under_other_captions_are_no_further_attacks():
    more = {**ATTACKS, "clid_null": {}, "mixed": {"attack": "clid_null", "captions": "shuffled"}}
    assert lines(attacks=more)[1].endswith("3 attacks on the model")


def test_once_membership_is_known_all_unrelated_images_count(tmp_path):
    rows = pd.DataFrame(
        {
            "member": [True] * 4 + [False] * 5,
            "group": ["a", "a", "b", "c", "d", "e", "f", "g", "h"],
            "block": [0, 0, 1, 2, 0, 1, 2, 0, -1],
            "kept": True,
        }
    )
    storage.write(rows, tmp_path / "targets/t/membership.parquet")
    assert to_evaluate(experiment(), tmp_path, "t", learners=False) == (3, 4, True)
    assert lines(tmp_path)[1].startswith("t: 3 claimed images beside 4 comparable ones")
