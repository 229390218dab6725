"""Tables of scores alone: what is read, what is refused and where, how folds are dealt."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.stages import given_scores as stage
from mia.targets import given_scores

ROWS = 16


def frame(rows: int = ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    member = np.arange(rows) % 2
    return pd.DataFrame(
        {
            "id": [f"img{number}" for number in range(rows)],
            "member": member,
            "loss": rng.normal(member, 1),
            "pia": rng.normal(0, 1, rows),
        }
    )


def refused(table: pd.DataFrame, tmp_path, name: str = "t.csv") -> str:
    path = tmp_path / name
    table.to_csv(path, index=False) if name.endswith("csv") else table.to_parquet(path)
    with pytest.raises(ValueError) as caught:
        given_scores.read(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("label", [int, bool, float, str, lambda m: str(bool(m)).upper()])
def test_labels_are_read_in_every_common_spelling(label, name, tmp_path):
    table = frame()
    table["member"] = [label(member) for member in table["member"]]
    path = tmp_path / name
    table.to_csv(path, index=False) if name == "t.csv" else table.to_parquet(path)
    found = given_scores.read(path)
    assert found["member"].tolist() == [number % 2 == 1 for number in range(ROWS)]
    assert found["loss"].tolist() == pytest.approx(table["loss"].tolist())
    assert given_scores.attacks_in(str(path)) == ("loss", "pia")
    assert found["group"].nunique() == ROWS


def test_a_row_without_a_group_is_a_group_of_its_own(tmp_path):
    table = frame().assign(group=["img3", "img3", "", None, *[f"g{n}" for n in range(12)]])
    table.to_csv(tmp_path / "t.csv", index=False)
    group = given_scores.read(tmp_path / "t.csv")["group"].tolist()
    assert group[0] == group[1] and len({*group}) == ROWS - 1


EDITS = {
    "an empty label": (
        lambda t: t.assign(member=["", *t["member"][1:]]),
        "row 1: column 'member' is empty; expected 1 or 0, or true or false",
    ),
    "a wrong label": (
        lambda t: t.assign(member=["2", "yes", *t["member"][2:]]),
        "rows 1, 2: column 'member' holds '2'; expected 1 or 0, or true or false",
    ),
    "an id that is there twice": (
        lambda t: t.assign(id=["img2", *t["id"][1:]]),
        "rows 1, 3: id 'img2' is there 2 times; expected each id once",
    ),
    "an empty id": (
        lambda t: t.assign(id=[*t["id"][:-1], " "]),
        "row 16: column 'id' is empty; expected a name of its own for every row",
    ),
    "a missing score": (
        lambda t: t.assign(pia=[*t["pia"][:-1], None]),
        "row 16: column 'pia' is empty; expected a score, a number",
    ),
    "an infinite score": (
        lambda t: t.assign(pia=[float("inf"), *t["pia"][1:]]),
        "row 1: column 'pia' holds 'inf'; expected a score, a number",
    ),
    "words for a score": (
        lambda t: t.assign(pia="high"),
        "rows 1, 2, 3, 4, 5 and 11 more: column 'pia' holds 'high'; expected a score, a number",
    ),
    "one class": (
        lambda t: t.assign(member=1),
        "column 'member': no nonmember in 16 rows; expected both classes",
    ),
    "no attack": (
        lambda t: t[["id", "member"]],
        "columns id, member; expected id, member and one for each attack, and group if there is",
    ),
    "no label": (
        lambda t: t.drop(columns="member"),
        "columns id, loss, pia; expected id, member and one for each attack, and group if there",
    ),
    "a name of no attack": (
        lambda t: t.rename(columns={"pia": "PIA"}),
        "column 'PIA'; expected an attack's name, of at most 41 small letters, digits, _ and -",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_wrong_cell_is_named_with_file_row_and_column(edit, tmp_path):
    change, said = EDITS[edit]
    table = frame()
    assert refused(change(table.astype(object)), tmp_path).startswith(said)


def test_parquet_of_a_useless_type_is_named(tmp_path):
    said = refused(frame().assign(pia=True), tmp_path, "t.parquet")
    assert said.startswith("column 'pia' holds bool; expected a score, a number")


def test_folds_part_no_group_and_halve_each_class(tmp_path):
    table = frame(40).assign(group=[f"g{number // 4}" for number in range(40)])
    table.to_csv(tmp_path / "t.csv", index=False)
    rows = given_scores.membership(given_scores.read(tmp_path / "t.csv"), "all", 0, "t.csv")
    assert (rows.groupby("group")["fold"].nunique() == 1).all()
    counts = rows.groupby(["member", "fold"]).size()
    assert counts.tolist() == [10, 10, 10, 10]
    assert rows["kept"].all() and rows["image_id"].is_unique


def test_too_few_rows_to_tell_anything_are_refused(tmp_path):
    frame(14).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ValueError, match=r"^t\.csv: too few rows: "):
        given_scores.membership(given_scores.read(tmp_path / "t.csv"), "all", 0, "t.csv")


def test_the_stage_writes_what_the_rules_after_it_read(tmp_path):
    table = tmp_path / "t.csv"
    frame().to_csv(table, index=False)
    scores = [tmp_path / f"scores/published/{name}.parquet" for name in ("loss", "pia")]
    paths = {name: tmp_path / name for name in ("membership", "pairs", "audit")}
    stage.main(
        [
            *("--name", "published", "--table", str(table)),
            *("--settings", json.dumps({"seed": 0, "margin": 0.03, "design": "all"})),
            *(text for name, path in paths.items() for text in (f"--{name}", str(path))),
            *("--scores", *map(str, scores)),
        ]
    )
    audit = storage.read_json(paths["audit"])
    assert audit["verdict"] == "UNKNOWN"
    assert audit["sentence"] == "UNKNOWN: no images to audit"
    assert (audit["n_member"], audit["n_nonmember"]) == (8, 8)
    member = storage.read(paths["membership"]).set_index("image_id")["member"]
    assert member.sum() == ROWS / 2 and len(storage.read(paths["pairs"])) == 0
    for path in scores:
        assert {*storage.read(path)["image_id"]} == {*member.index}
        about = storage.metadata(path)
        assert about["access"] == "external" and about["name"] == path.stem


def test_the_stage_names_the_target(tmp_path):
    with pytest.raises(SystemExit, match=r"^error: targets.published: .*t.csv: no such table"):
        stage.main(
            [
                *("--name", "published", "--table", str(tmp_path / "t.csv"), "--settings"),
                *(
                    '{"seed": 0, "margin": 0.03, "design": "all"}',
                    "--membership",
                    "m",
                    "--pairs",
                    "p",
                ),
                *("--audit", "a", "--scores", "scores/published/pia.parquet"),
            ]
        )
