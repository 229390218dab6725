"""Too few images for any answer: said at `membership`, with counts and reasons; few are flagged."""

import numpy as np
import pandas as pd
import pytest

from made_membership import RULE, blobs, manifest, run
from made_target import SETTINGS, membership, scores, write_scores
from mia import storage
from mia.evaluation import flags
from mia.scoring.fitting import fitted
from mia.stages import evaluate
from mia.targets.sufficiency import require_folds

PARTS = {"members": ["ours", ["member"]], "nonmembers": ["theirs", ["all"]]}
SPEC = {**PARTS, "duplicates": RULE, "match": "none", "seed": 0, "design": "all"}


def side(letter, part, sizes, at, **further):
    """A manifest of groups of so many different images each."""
    group = np.repeat([f"{letter}{n:015x}" for n in range(len(sizes))], sizes)
    rows = [(f"{letter}{n:015x}", part, blobs(at + n), dict(further)) for n in range(len(group))]
    return manifest(rows).assign(group=group)


def stopped(folder, ours, theirs, **change):
    """The message that `membership` stops with; nothing is written."""
    with pytest.raises(SystemExit) as caught:
        run(folder, {"ours": ours, "theirs": theirs}, {**SPEC, **change})
    assert not (folder / "membership.parquet").exists()
    message = str(caught.value)
    assert message.startswith("error: targets.t: ")
    return message


def test_three_images_a_side(tmp_path):
    message = stopped(tmp_path, side("a", "member", [1] * 3, 0), side("b", "all", [1] * 3, 50))
    assert "unrelated members and" in message.splitlines()[0]
    assert "expected four of each in every fold (calibration, evaluation)" in message
    assert "members ours:member: 3 rows, 3 downloaded, 3 kept by the manifest" in message


def test_the_same_images_on_both_sides(tmp_path):
    ours = side("a", "member", [1] * 9, 0)
    message = stopped(
        tmp_path, ours, ours.assign(part="all", key=ours["key"].str.replace("a", "b"))
    )
    assert "nonmembers: no image is left" in message
    assert "9 dropped here; 9 duplicate of member of ours; 0 unrelated left" in message


def test_one_group_that_holds_everything(tmp_path):
    message = stopped(tmp_path, side("a", "member", [12], 0), side("b", "all", [1] * 12, 50))
    assert "12 kept by the manifest, 0 dropped here; 1 unrelated left" in message


def test_an_empty_side_after_isolation(tmp_path):
    ours, theirs = side("a", "member", [1] * 9, 0), side("b", "all", [1] * 9, 50)
    theirs["phash"] = ours.loc[0, "phash"]
    message = stopped(tmp_path, ours, theirs, isolate={"phash": 4})
    assert "9 near another image of the training set" in message


def test_images_that_could_not_be_had(tmp_path):
    theirs = side("b", "all", [1] * 9, 50)
    theirs.loc[1:, ["status", "kept"]] = ["not_found", False]
    message = stopped(tmp_path, side("a", "member", [1] * 9, 0), theirs)
    assert "nonmembers theirs:all: 9 rows, 1 downloaded" in message


@pytest.mark.parametrize(
    ("members", "nonmembers", "enough"),
    [(4, 4, True), (3, 4, False), (3, 5, True), (2, 8, True), (1, 900, False), (5000, 9000, True)],
)
def test_the_best_of_all_orders_must_be_beyond_chance(members, nonmembers, enough):
    rows = pd.concat(
        [membership(n).assign(kept=True) for n in (max(members, nonmembers),)], ignore_index=True
    )
    rows["group"] = rows["key"]
    rows["fold"] = "evaluation"
    rank = rows.groupby("member").cumcount()
    rows = rows[rank < rows["member"].map({True: members, False: nonmembers})]
    empty = pd.DataFrame({"part": [], "status": [], "key": []})
    manifests = {"ours": empty, "theirs": empty}
    if enough:
        require_folds(rows, ["evaluation"], manifests, PARTS)
    else:
        with pytest.raises(ValueError, match=f"too few images: {members} unrelated members"):
            require_folds(rows, ["evaluation"], manifests, PARTS)


def test_few_images_are_flagged_in_the_log_and_beside_every_number(tmp_path, capsys):
    ours, theirs = side("a", "member", [1] * 10, 0), side("b", "all", [1] * 10, 50)
    run(tmp_path, {"ours": ours, "theirs": theirs}, SPEC)
    assert "warning: few_images: 5 images to evaluate a side" in capsys.readouterr().err
    for per_class, group_size, flagged in (
        (38, 1, {"few_images"}),
        (40, 1, set()),
        (40, 2, {"few_groups"}),
        (36, 2, {"few_images", "few_groups"}),
        (80, 2, set()),
        (76, 2, {"few_groups"}),
    ):
        rows = membership(per_class, group_size)
        storage.write(rows, tmp_path / "membership.parquet")
        path = write_scores(tmp_path / "loss.parquet", scores(rows, 0.5))
        found = evaluate.evaluate(
            "t", "loss", str(path), str(tmp_path / "membership.parquet"), SETTINGS
        )
        assert {"few_images", "few_groups"} & {*found["flags"]} == flagged
    assert flags.few_images(19) and not flags.few_images(20)
    assert flags.few_groups(19, 20) and not flags.few_groups(19, 19)


def test_related_images_are_counted_by_group_in_the_log(tmp_path, capsys):
    ours, theirs = side("a", "member", [4] * 12, 0), side("b", "all", [1] * 48, 50)
    run(tmp_path, {"ours": ours, "theirs": theirs}, SPEC)
    told = capsys.readouterr().err
    assert "warning: few_groups: 6 groups of images to evaluate a side" in told
    assert "few_images" not in told


def test_a_trained_attack_that_gets_one_side_only_says_so(tmp_path):
    member = membership(4).set_index("image_id")["member"]
    with pytest.raises(ValueError, match=r"membership: .* learns from 4 images, all of one side"):
        fitted(None, None, member, member.index[:4], "membership")
