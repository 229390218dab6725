"""Which images an attack is reported on, and where its thresholds come from."""

import numpy as np
import pandas as pd
import pytest

from made_target import membership, scores, write_scores
from mia import storage
from mia.evaluation import carried
from mia.evaluation.comparison import compare
from mia.evaluation.pairwise import pairwise_rows
from mia.evaluation.scored import comparable, reported, scored, side_by_side
from mia.stages.evaluate import evaluate
from mia.stats.metrics import auc

SETTINGS = {"confidence": 0.95, "resamples": 100, "delta": 1e-5, "seed": 0, "randomised": True}


def learnt(table, members):
    """The scores of an attack that learns block by block."""
    block = members["block"].to_numpy()
    return table.assign(block=block, score=table["score"].where(block > 0))


@pytest.fixture
def members():
    return membership(per_class=600, blocks=6)


def parts(members, shift=0.5, seed=0):
    """Reported rows of an attack that learns nothing, and of one that learns."""
    table = scores(members, shift, seed)
    plain = reported(scored(table, members, "plain"), "plain")
    return plain, reported(scored(learnt(table, members), members, "learnt"), "learnt")


def test_who_learns_nothing_is_reported_on_every_image(members):
    plain, by_block = parts(members)
    assert len(plain) == 1200 and set(plain["block"]) == {0}
    assert len(by_block) == 1000 and set(by_block["block"]) == {1, 2, 3, 4, 5}
    assert by_block["score"].notna().all()


def test_only_the_first_block_may_lack_scores(members):
    table = learnt(scores(members, 0.0), members)
    table.loc[members["block"] == 3, "score"] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        scored(table, members, "learnt")


def evaluated(folder, members, table, **about):
    storage.write(members, folder / "membership.parquet")
    path = write_scores(folder / "x.parquet", table, **about)
    return evaluate("t", "x", str(path), str(folder / "membership.parquet"), SETTINGS)


def test_the_auc_of_a_learner_is_the_mean_over_blocks(members, tmp_path):
    table = learnt(scores(members, 0.5), members)
    found = evaluated(tmp_path, members, table, trained=True)
    rows = members.assign(score=table["score"])
    within = [
        auc(rows["score"][rows["block"] == block], rows["member"][rows["block"] == block])
        for block in range(1, 6)
    ]
    assert found["auc"]["value"] == pytest.approx(np.mean(within))
    assert (found["n_member"], found["n_nonmember"]) == (500, 500)
    assert found["epsilon"]["pairs"] == 500


def test_a_block_that_is_shifted_as_a_whole_moves_no_auc(members, tmp_path):
    """Fits of different blocks may give scores of different levels."""
    table = learnt(scores(members, 0.5), members)
    moved = table.assign(score=table["score"] + 100.0 * members["block"])
    one, two = (evaluated(tmp_path, members, found, trained=True) for found in (table, moved))
    assert one["auc"] == two["auc"]
    assert one["advantage"]["value"] == pytest.approx(two["advantage"]["value"])


def test_thresholds_go_both_ways_and_no_image_is_tried_twice(members):
    plain, by_block = parts(members)
    rows = scored(scores(members, 0.5), members, "plain")
    for part, directions in ((plain, 2), (by_block, 4)):
        tried = carried.directions(rows, part)
        assert len(tried) == directions
        seen = pd.concat([on for _, on in tried]).index
        assert seen.is_unique
        for chosen_on, on in tried:
            assert not set(chosen_on.index) & set(on.index)
            assert not set(chosen_on["group"]) & set(on["group"])
    assert set(seen) == set(by_block.index[by_block["block"] > 1])


def test_a_learners_tpr_is_that_of_thresholds_from_earlier_blocks(members, tmp_path):
    table = learnt(scores(members, 1.0), members)
    found = evaluated(tmp_path, members, table, trained=True)
    tenth, transferred = found["tpr"][0], found["carried"][0]
    assert tenth["value"] == transferred["tpr"]["value"]
    part = reported(scored(table, members, "learnt"), "learnt")
    rows = part.assign(score=comparable(part))
    hits = []
    for block, threshold in zip(range(2, 6), transferred["thresholds"], strict=True):
        before = rows[(rows["block"] < block) & ~rows["member"]]
        assert (before["score"] >= threshold).mean() <= 0.1
        hits.append(rows["score"][(rows["block"] == block) & rows["member"]] >= threshold)
    assert tenth["value"] == pytest.approx(np.concatenate(hits).mean())
    assert "earlier blocks" in tenth["note"]


def test_a_pair_with_a_learner_is_taken_on_the_learners_blocks(members):
    plain, by_block = parts(members)
    other, _ = parts(members, 0.0, 1)
    rows = {"plain": plain, "other": other, "learnt": by_block}
    both = side_by_side(rows)
    assert all(table["block"].equals(by_block["block"]) for table in both.values())
    found = {(row["attack"], row["other"]): row for row in pairwise_rows("t", rows, 0.95)}
    assert found["plain", "other"]["n"] == 1200 and found["plain", "learnt"]["n"] == 1000
    assert found["plain", "learnt"]["difference"] == pytest.approx(0, abs=1e-12)
    (comparison,) = compare({"plain": plain}, {"learnt": by_block}, 0.95)
    assert comparison.value == pytest.approx(0, abs=1e-12)


def test_scores_of_blocks_are_drawn_on_one_axis(members):
    plain, by_block = parts(members)
    assert comparable(plain).equals(plain["score"])
    of_block = comparable(by_block).groupby(by_block["block"])
    assert of_block.mean().abs().max() < 1e-12
    assert of_block.std(ddof=0).to_numpy() == pytest.approx(1)
