"""What is known of references: in, out, or unknown where a duplicate was learnt or no row says."""

import json

import pandas as pd
import pytest
from PIL import Image

from made_membership import RULE, blobs, manifest, run
from mia import storage
from mia.images.halves import half_of
from mia.stages import references as stage
from mia.targets.references import reference_membership

SIDES = {"members": ["ours", ["a"]], "nonmembers": ["ours", ["b"]]}
SPEC = {**SIDES, "duplicates": RULE, "match": "none", "seed": 0, "design": "all"}


def ours():
    pictures = [(f"k{n:02d}", "ab"[n % 2], blobs(n)) for n in range(24)]
    return manifest(pictures).assign(url=[f"http://x.org/{n}" for n in range(24)])


def images(table):
    return table.set_index("image_id").sort_index()


def known(references, manifests, table=None):
    table = ours() if table is None else table
    found = reference_membership(images(table), manifests, references, RULE)
    return found.set_index(images(table)["key"]).sort_index()


def test_parts_and_halves_are_in_and_all_else_is_out():
    table = ours()
    half = {"seed": 5, "number": 2}
    found = known(
        {
            "a": [{"set": "ours", "parts": ["a"]}],
            "half": [{"set": "ours", "parts": ["a", "b"], "half": half}],
            "both": [{"set": "ours", "parts": ["a"]}, {"set": "ours", "parts": ["b"]}],
        },
        {"ours": table},
    )
    assert (found["a"] == table.set_index("key")["part"].map({"a": "in", "b": "out"})).all()
    learnt = half_of(table, ["a", "b"], **half)["key"]
    assert {*found.index[found["half"] == "in"]} == {*learnt} and len(learnt) == 12
    assert (found["half"] == "out").sum() == 12
    assert (found["both"] == "in").all()


def test_an_image_with_a_duplicate_among_what_was_learnt_is_unknown():
    copies = manifest(
        [
            ("same", "x", blobs(0)),
            ("near", "x", Image.eval(blobs(1), lambda level: min(255, level + 6))),
            ("other", "x", blobs(99)),
            ("near2", "y", Image.eval(blobs(3), lambda level: min(255, level + 6))),
        ]
    )
    found = known(
        {"far": [{"set": "theirs", "parts": ["x"]}], "ours": [{"set": "ours", "parts": ["a"]}]},
        {"theirs": copies, "ours": ours()},
    )
    assert found["far"]["k00"] == "in" and found["far"]["k01"] == "unknown"
    assert (found["far"].drop(["k00", "k01"]) == "out").all()
    assert {*found["ours"]} == {"in", "out"}


def test_an_image_that_was_not_kept_was_not_learnt():
    table = ours()
    table.loc[table["key"] == "k04", "kept"] = False
    found = known({"a": [{"set": "ours", "parts": ["a"]}]}, {"ours": table}, ours())
    assert found["a"]["k04"] == "out" and found["a"]["k06"] == "in"


@pytest.mark.parametrize("name", ["image_id", "key", "url"])
def test_a_table_says_who_was_learnt(name, tmp_path):
    table = ours()
    rows = pd.DataFrame({name: table[name].iloc[:4], "member": ["1", "true", "0", "False"]})
    rows = pd.concat([rows, pd.DataFrame({name: ["0" * 64], "member": ["1"]})])
    rows.to_csv(tmp_path / "known.csv", index=False)
    found = known({"far": str(tmp_path / "known.csv")}, {})
    assert [*found["far"][:5]] == ["in", "in", "out", "out", "unknown"]
    assert (found["far"][4:] == "unknown").all()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"key": ["k00", "k01"], "member": ["1", "yes"]}, "key whose member is not 1 or 0, or"),
        (
            {"key": ["k00", "k00"], "member": ["1", "0"]},
            "image_id that is a member and a nonmember",
        ),
        ({"key": ["z"], "member": ["1"]}, "no key in it is that of an image of the target"),
        ({"name": ["z"], "member": ["1"]}, "expected image_id, key, url or file, and member"),
        ({"key": ["k00"], "in": ["1"]}, "expected image_id, key, url or file, and member"),
    ],
)
def test_a_table_that_says_nothing_is_refused(rows, said, tmp_path):
    pd.DataFrame(rows).to_csv(tmp_path / "known.csv", index=False)
    with pytest.raises(ValueError, match=said) as error:
        known({"far": str(tmp_path / "known.csv")}, {})
    assert "known.csv" in str(error.value)


def test_the_stage_writes_a_column_for_each_reference(tmp_path, capsys):
    folder = tmp_path / "images/ours"
    folder.mkdir(parents=True)
    rows = run(tmp_path, {"ours": ours()}, SPEC)
    storage.write(ours(), folder / "manifest.parquet")
    references = {
        "one": [{"set": "ours", "parts": ["a", "b"], "half": {"seed": 0, "number": 1}}],
        "two": [{"set": "ours", "parts": ["a", "b"], "half": {"seed": 0, "number": 2}}],
    }
    needs = {"lira": {"in": 1, "out": 1, "pairs": 0}}
    settings = {"references": references, "duplicates": RULE, "needs": needs}
    arguments = ["--target", "t", "--settings", json.dumps(settings)]
    arguments += ["--membership", str(tmp_path / "membership.parquet")]
    for name in ("--manifests", "--learnt"):
        arguments += [name, str(folder / "manifest.parquet")]
    arguments += ["--output", str(tmp_path / "references.parquet")]
    stage.main(arguments)
    table = storage.read(tmp_path / "references.parquet").set_index("image_id")
    assert [*table.index] == sorted(rows.loc[rows["kept"], "image_id"])
    assert (table["one"] != table["two"]).all() and {*table["one"]} == {"in", "out"}
    assert "one" in capsys.readouterr().err
    settings["needs"] = {"own": {"in": 0, "out": 2, "pairs": 0}}
    with pytest.raises(SystemExit) as error:
        stage.main([*arguments[:3], json.dumps(settings), *arguments[4:]])
    image = rows[rows["kept"]].set_index("image_id").sort_index().iloc[0]
    said = f"targets.t.references: image ours {image['key']}: of 2 references, 1 are known"
    assert said in str(error.value)
