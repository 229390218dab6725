"""Named images: by hand, block by block, and how many of the named were never trained on."""

import numpy as np
import pandas as pd
import pytest

from mia.evaluation.detections import ALIKE, COLUMNS, OPEN, detection_rows


def table(scores, member, block=0):
    index = [f"i{number:04d}" for number in range(len(scores))]
    columns = {"score": scores, "member": member, "block": block, "group": index}
    return pd.DataFrame(columns, index)


def test_an_image_above_all_nonmembers_is_named_by_hand():
    member = np.repeat([True, False], [3, 29])
    scores = np.concatenate([[99.0, 50.0, -1.0], np.arange(29.0)])
    rows = detection_rows("t", {"loss": table(scores, member)}, "FAIR")
    assert [row["image_id"] for row in rows] == ["i0000", "i0001"]
    assert set(rows[0]) == set(COLUMNS)
    # p = 1 / 30 twice: adjusted 3 × (1 / 30) / 2 = 0.05, so that 10 % names both.
    assert [(row["p"], row["adjusted"], row["rate"]) for row in rows] == [
        pytest.approx((1 / 30, 0.05, 0.1))
    ] * 2
    few = detection_rows("t", {"loss": table(scores[:12], member[:12])}, "FAIR")
    assert [row["rate"] for row in few] == [0.2, 0.2]  # 3 × (1 / 10) / 2 = 0.15


def test_related_nonmembers_count_once():
    member = np.repeat([True, False], [1, 40])
    rows = table(np.concatenate([[99.0], np.arange(40.0)]), member)
    assert len(detection_rows("t", {"loss": rows}, "FAIR")) == 1
    few = rows.assign(group=[*rows.index[:1], *(f"g{n % 4}" for n in range(40))])
    (named,) = detection_rows("t", {"loss": few}, "FAIR")
    assert named["p"] == pytest.approx(1 / 5)


def test_sets_that_differ_name_nobody_and_open_ones_say_so():
    tables = {"loss": table(np.arange(40.0)[::-1], np.arange(40) < 10)}
    assert detection_rows("t", tables, "NOT FAIR") == []
    notes = {
        verdict: detection_rows("t", tables, verdict)[0]["note"]
        for verdict in ("FAIR", "UNDECIDED")
    }
    assert notes == {"FAIR": ALIKE, "UNDECIDED": OPEN}


def test_a_block_is_held_against_its_own_nonmembers():
    """Scores of the second block lie 100 higher, which says nothing."""
    member, block = np.tile([True, False, False, False], 30), np.repeat([1, 2], 60)
    scores = np.random.default_rng(0).normal(size=120) + 100 * (block == 2)
    assert detection_rows("t", {"stack": table(scores, member, block)}, "FAIR") == []
    scores[0] += 50
    found = detection_rows("t", {"stack": table(scores, member, np.ones(120))}, "FAIR")
    assert len(found) == 0 or found[0]["image_id"] != "i0000"  # without blocks it drowns
    many = scores + 50 * member
    rows = detection_rows("t", {"stack": table(many, member, block)}, "FAIR")
    assert len(rows) == member.sum()


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_false_namings_keep_their_rate(share):
    rng, rates = np.random.default_rng(1), []
    for _ in range(300):
        used, member = np.arange(100) < 100 * share, np.repeat([True, False], [100, 400])
        scores = rng.normal(size=500)
        scores[:100] += 2.5 * used
        rows = detection_rows("t", {"loss": table(scores, member)}, "FAIR")
        false = [not used[int(row["image_id"][1:])] for row in rows]
        rates.append(np.mean(false) if false else 0.0)
    error = np.std(rates) / np.sqrt(len(rates))
    assert np.mean(rates) <= 0.2 * (1 - share) + 3 * error
    assert not share or np.mean(rates) > 0.05
