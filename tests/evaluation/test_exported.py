"""Scores and losses as rows: what each column holds, and how rows are cut into groups."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mia.evaluation import exported
from mia.evaluation.detections import DIFFERENT, RATES, detection_rows
from mia.evaluation.exported import LOSSES, SCORES, loss_rows, row_groups, score_rows
from mia.evaluation.scored import reported, scored
from mia.stats.conformal import conformal_p

ABOUT = {"target": "t", "verdict": "FAIR", "attack": "loss", "access": "grey-box"}
IDS = [f"{n:02d}" for n in range(40)]


def table(seed=0, by_block=False):
    """Scores of forty images, of which four are of the fold `fit` and two share a group."""
    rng, number = np.random.default_rng(seed), np.arange(40)
    fold = np.where(number < 4, "fit", np.where(number % 4 < 2, "calibration", "evaluation"))
    block = np.where(number < 4, -1, number // 2 % 6)
    rows = {"image_id": IDS, "member": number % 2 == 0, "group": [*IDS[:39], IDS[37]]}
    membership = pd.DataFrame({**rows, "fold": fold, "block": block, "kept": True})
    score = pd.DataFrame({"image_id": IDS, "score": rng.normal(size=40) + 2 * (number % 2 == 0)})
    if by_block:
        score["block"] = block
        score.loc[block == 0, "score"] = np.nan
    return scored(score, membership, "scores")


def test_a_row_is_an_image_with_its_score_and_what_is_known_of_it():
    rows = table()
    found = score_rows(ABOUT, rows, "scores")
    assert found.schema == SCORES
    read = found.to_pandas().set_index("image_id")
    assert read.index.tolist() == IDS
    assert read["score"].tolist() == rows["score"].tolist()
    for name in ("member", "group", "fold"):
        assert read[name].tolist() == rows[name].tolist(), name
    assert read["reported"].tolist() == [number >= 4 for number in range(40)]
    for name, value in ABOUT.items():
        assert set(read[name]) == {value}


def test_p_is_the_conformal_p_of_reported_members():
    rows = table()
    read = score_rows(ABOUT, rows, "scores").to_pandas().set_index("image_id")
    seen = rows.iloc[4:]
    members, known = seen[seen["member"]], seen[~seen["member"]]
    expected = conformal_p(members["score"], known.groupby("group")["score"].max())
    assert read["p"].dropna().to_dict() == dict(zip(members.index, expected, strict=True))


def test_p_is_that_of_the_list_of_named_images():
    rows = table()
    named = detection_rows("t", {"loss": reported(rows, "scores")}, "FAIR")
    read = score_rows(ABOUT, rows, "scores").to_pandas().set_index("image_id")
    assert named and {row["rate"] for row in named} <= {*RATES}
    assert {row["image_id"]: row["p"] for row in named} == read["p"][
        [row["image_id"] for row in named]
    ].to_dict()


def test_where_nothing_was_learnt_yet_there_is_no_score_and_no_p():
    rows = table(by_block=True)
    read = score_rows(ABOUT, rows, "scores").to_pandas().set_index("image_id")
    first = rows.index[rows["block"] <= 0]
    assert read.index[read["score"].isna()].tolist() == rows.index[rows["score"].isna()].tolist()
    assert not read.loc[first, "reported"].any() and read.loc[first, "p"].isna().all()
    later = rows[(rows["block"] == 3)]
    of_block = later.loc[~later["member"], "score"]
    members = later[later["member"]]
    assert read.loc[members.index, "p"].tolist() == conformal_p(members["score"], of_block).tolist()


def test_sets_that_are_not_fair_have_no_p():
    read = score_rows({**ABOUT, "verdict": DIFFERENT}, table(), "scores")
    assert read["p"].null_count == 40 and read["score"].null_count == 0


def test_losses_have_types_that_hold_every_question():
    images = pd.DataFrame({"member": [True, False]}, index=pd.Index(["a", "b"], name="image_id"))
    about = {"target": "t", "verdict": "FAIR", "model": "m", "role": "control"}
    about |= {"timestep": 999, "draw": 31_000, "condition": "alt-blip"}
    found = loss_rows(about, images, np.array([0.25, 0.5]))
    assert found.schema == LOSSES
    assert found.to_pylist() == [
        {**about, "image_id": "a", "member": True, "loss": 0.25},
        {**about, "image_id": "b", "member": False, "loss": 0.5},
    ]


def test_row_groups_keep_the_order_and_their_size(monkeypatch):
    monkeypatch.setattr(exported, "GROUP_ROWS", 100)
    tables = [score_rows({**ABOUT, "attack": f"a{n}"}, table(n), "scores") for n in range(6)]
    groups = [*row_groups(iter(tables))]
    assert [len(group) for group in groups] == [80, 80, 80]
    assert pa.concat_tables(groups).to_pylist() == pa.concat_tables(tables).to_pylist()
    for group in groups:  # the writer gives up dictionaries that change within a group
        assert len({*map(str, (chunk.dictionary for chunk in group["attack"].chunks))}) == 1
    assert [*row_groups(iter([]))] == []


def test_no_more_than_a_group_and_a_table_is_held(monkeypatch):
    monkeypatch.setattr(exported, "GROUP_ROWS", 100)
    taken = []

    def tables():
        for n in range(6):
            taken.append(n)
            yield score_rows(ABOUT, table(n), "scores")

    for number, _ in enumerate(row_groups(tables())):
        assert len(taken) <= 2 * (number + 1) + 1


@pytest.mark.parametrize("schema", [SCORES, LOSSES])
def test_every_column_is_explained(schema):
    from rule_texts import ROOT

    text = (ROOT / "docs/results-folder.md").read_text()
    for name in schema.names:
        assert f"`{name}`" in text.partition("| column | in |")[2].partition("\n\n")[0], name
