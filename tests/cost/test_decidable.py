"""What `make cost` says the images can decide, before and after a target's membership is known."""

from pathlib import Path

import pandas as pd
import pytest

from mia import storage
from mia.audit.equivalence import images_for_margin, not_fair_auc, reachable_margin
from mia.config.read import read
from mia.cost.decidable import decidable, to_evaluate

NOWHERE = Path("nowhere")
BLIND = {"blind_caption": {}, "blind_image": {}}


def experiment(match="none", attacks=BLIND, parts=("a", "b"), source=None, **audit):
    spec = {"source": "builtin", "split": {"a": 400, "b": 200}}
    return read(
        {
            "results": "results",
            "image_sets": {"emoji": source or spec},
            "models": {"mine": {"source": "path", "path": "models/mine"}},
            "targets": {
                "t": {
                    "model": "mine",
                    **{
                        side: f"emoji:{part}" if part else "emoji"
                        for side, part in zip(("members", "nonmembers"), parts, strict=True)
                    },
                    "match": match,
                }
            },
            "attacks": attacks,
            "audit": audit,
        }
    )


def table(asked, results=NOWHERE):
    heading, columns, *rows, notes = decidable(asked, results)
    assert heading == "\nWhat the images can decide about the two sets:"
    assert columns.split()[:4] == ["target", "baselines", "members", "nonmembers"]
    return rows, notes


def test_a_split_says_how_many_images_there_are_at_most():
    (row,), notes = table(experiment())
    within = reachable_margin(333, 166, 2, 0.95)
    at, needed = not_fair_auc(333, 166, 2, 0.03, 0.95), images_for_margin(0.03, 2, 0.95)
    cells = ["t", "(by", "design)", "2", "333", "166", "0.5", "±", f"{within:.3f}", f"{at:.3f}"]
    assert row.split() == [*cells, f"{needed:,}"]
    assert "At most so many" in notes and "the margin 0.03 so" in notes


def test_a_wider_margin_needs_fewer_images():
    (row,), notes = table(experiment(margin=0.1))
    assert int(row.split()[-1]) == images_for_margin(0.1, 2, 0.95) < 200
    assert "the margin 0.1 so" in notes


def test_of_matched_sides_five_sixths_of_four_fifths_are_evaluated():
    asked = experiment(match="bins")
    assert to_evaluate(asked, NOWHERE, "t") == (266, 133, False)
    assert "by design" not in table(asked)[0][0]


def test_once_membership_is_known_unrelated_images_are_counted(tmp_path):
    rows = pd.DataFrame(
        {
            "member": [True] * 4 + [False] * 5,
            "group": ["a", "a", "b", "c", "d", "e", "f", "g", "h"],
            "block": [1] * 8 + [0],
            "kept": [True] * 7 + [False, True],
        }
    )
    storage.write(rows, tmp_path / "targets/t/membership.parquet")
    assert to_evaluate(experiment(), tmp_path, "t") == (3, 3, True)
    (row,), notes = table(experiment(), tmp_path)
    assert row.split()[4:6] == ["3", "3"] and "none" in row  # three images convict nobody
    assert "At most" not in notes


def test_what_nobody_knows_yet_is_said(tmp_path):
    folder = {"source": "folder", "parts": {p: {"path": str(tmp_path / p)} for p in ("a", "b")}}
    (row,), _ = table(experiment(source=folder))
    needed = f"{images_for_margin(0.03, 2, 0.95):,}"
    assert row.split() == ["t", "2", "not", "known", "not", "known", "-", "-", needed]


@pytest.mark.parametrize("attacks", [{"loss": {"timesteps": [100]}}, {"coin": {}}])
def test_without_a_blind_baseline_nothing_is_decided(attacks):
    (row,), _ = table(experiment(attacks=attacks))
    assert row.split()[3:] == ["0", "333", "166", "-", "-", "-"]
