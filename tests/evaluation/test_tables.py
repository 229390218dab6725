"""The stage `tables`: above blind or not, cost, and the tables themselves."""

import json
import math
import re
import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from made_target import BLIND, SETTINGS, membership, scores, write_scores
from mia import storage
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.cost import costs, evaluations
from mia.claimed import as_claimed
from mia.evaluation.comparison import above_blind, above_chance, compare
from mia.evaluation.score_files import ScoreFiles
from mia.query import Query
from mia.stages import audit, evaluate
from mia.stages import tables as stage
from mia.stats.metrics import auc
from mia.stats.no_signal import auc_band
from mia.stats.paired import paired_auc_difference

SUMMARY = """
target attack access n_member n_nonmember
auc auc_low auc_high auc_chance_low auc_chance_high
tpr_fpr_10pct tpr_fpr_10pct_low tpr_fpr_10pct_high
tpr_fpr_10pct_chance_low tpr_fpr_10pct_chance_high
tpr_fpr_1pct tpr_fpr_1pct_low tpr_fpr_1pct_high
tpr_fpr_1pct_chance_low tpr_fpr_1pct_chance_high
tpr_fpr_01pct tpr_fpr_01pct_low tpr_fpr_01pct_high
tpr_fpr_01pct_chance_low tpr_fpr_01pct_chance_high
above_chance auc_control auc_gain auc_gain_low auc_gain_high p_gain gain
auc_blind_twin blind_twin_r2 auc_minus_twin auc_minus_twin_low auc_minus_twin_high p_twin
blind_auc above_blind verdict answer evals_alone evals_shared backwards generations flags
"""
COLUMNS = SUMMARY.split()


# Above blind


def normal(shift, seed, n=400):
    member = np.repeat([True, False], n)
    return np.random.default_rng(seed).normal(size=2 * n) + shift * member


def reported(scores):
    member = np.repeat([True, False], len(scores) // 2)
    columns = {"score": scores, "member": member, "group": np.arange(len(scores)), "block": 0}
    return pd.DataFrame(columns)


def compared(attack, *blinds, confidence=0.95):
    shifts = {f"blind_{seed}": reported(normal(shift, seed)) for seed, shift in enumerate(blinds)}
    return compare({"a": reported(normal(attack, 99))}, shifts, confidence)


@pytest.mark.parametrize(
    ("attack", "blinds", "answer"),
    [
        (1.5, (0.0, 0.5), "yes"),
        (1.5, (0.0, -0.5), "yes"),
        (0.0, (1.0, 0.0), "no"),
        (0.0, (-1.0, 0.0), "no"),
        (1.0, (0.0, 1.0), "undecided"),
        (0.0, (0.0, 0.0), "undecided"),
        (1.0, (), "n/a"),
    ],
)
def test_above_blind(attack, blinds, answer):
    assert above_blind(compared(attack, *blinds), 0.95).get("a", "n/a") == answer


def test_a_blind_baseline_below_chance_is_turned_around():
    (comparison,) = compared(0.5, -1.0)
    member = np.repeat([True, False], 400)
    expected = auc(normal(0.5, 99), member) - (1 - auc(normal(-1.0, 0), member))
    assert comparison.value == pytest.approx(expected)


def test_interval_is_holm_adjusted_and_agrees_with_the_p_value():
    member = np.repeat([True, False], 400)
    shifts = np.linspace(0, 0.6, 7)
    attacks = {f"a{seed}": normal(shift, 50 + seed) for seed, shift in enumerate(shifts)}
    blind = normal(0.2, 0)
    rows = {name: reported(scores) for name, scores in attacks.items()}
    found = compare(rows, {"blind": reported(blind)}, 0.95)
    raw = [paired_auc_difference(scores, blind, member).p for scores in attacks.values()]
    assert [c.p for c in found] == pytest.approx(multipletests(raw, method="holm")[1])
    assert {c.side for c in found} == {0, 1}
    for comparison in found:
        assert (comparison.low > 0 or comparison.high < 0) == (comparison.p < 0.05)
        assert comparison.low < comparison.value < comparison.high
    plain = paired_auc_difference(attacks["a6"], blind, member).interval(0.95)
    assert found[6].high - found[6].low > plain[1] - plain[0]


# Cost


@dataclass(frozen=True)
class Asking:
    queries: tuple[Query, ...]
    traits: Traits = field(default_factory=Traits)


def test_shares_add_up_to_the_union():
    both, caption = Query("denoise", 100, 0, "both"), Query("denoise", 100)
    proximal, clean = Query("proximal", 200), Query("clean", 0)
    attacks = {
        "loss": Asking((caption, Query("denoise", 100, 1))),
        "clid": Asking((both,)),
        "ratio": Asking((caption,), traits=Traits(reads_reference=True)),
        "pia": Asking((proximal,)),
        "sima": Asking((clean,)),
        "coin": Asking(()),
    }
    found = costs(attacks, stage.predictions)
    alone = {name: cost.evals_alone for name, cost in found.items()}
    assert alone == {"loss": 2, "clid": 2, "ratio": 2, "pia": 2, "sima": 1, "coin": 0}
    assert found["loss"].evals_shared == pytest.approx(1 / 3 + 1)
    assert found["ratio"].evals_shared == pytest.approx(1 / 3 + 1)
    assert found["pia"].evals_shared == pytest.approx(1 / 2 + 1)
    union = set().union(*(evaluations(attack, stage.predictions) for attack in attacks.values()))
    assert sum(cost.evals_shared for cost in found.values()) == pytest.approx(len(union))
    assert {cost.backwards for cost in found.values()} == {0}


# The stage


ATTACKS = {
    "loss": {},
    "loss_more": {"attack": "loss", "draws": 4},
    "pia": {},
    "coin": {},
    "blind_caption": {},
    "blind_image": {},
}
COMPARE = {
    "harder": {"before": "fair", "after": "shifted", "attacks": ["loss", "loss_more", "pia"]}
}
MADE = [("fair", "loss"), ("fair", "pia")]  # tried on images that the model made
CLAIMS = {"neither": [], "claimed": {"shifted": "fair"}}
ABOUT = {
    "coin": {"access": "model-free"},
    "blind_caption": BLIND,
    "blind_image": BLIND,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two targets, scored, evaluated and audited; `shifted` differs in its captions."""
    folder = tmp_path_factory.mktemp("results")
    shifts = {
        "fair": {"loss": 0.6, "loss_more": 0.7, "pia": 0.1, "blind_caption": 0.05},
        "shifted": {"loss": 1.0, "loss_more": 1.1, "pia": -1.0, "blind_caption": 1.0},
    }
    argv = {name: [] for name in ("--metrics", "--scores", "--memberships", "--audits")}
    argv["--generated-scores"] = []
    for number, (target, shift) in enumerate(shifts.items()):
        members = membership(per_class=400)
        path = folder / "targets" / target / "membership.parquet"
        storage.write(members, path)
        argv["--memberships"].append(str(path))
        metrics, files = [], {}
        for seed, attack in enumerate(ATTACKS):
            table = scores(members, shift.get(attack, 0.0), seed + 10 * number)
            score = write_scores(
                folder / "scores" / target / f"{attack}.parquet", table, **ABOUT.get(attack, {})
            )
            metrics.append(evaluate.evaluate(target, attack, str(score), str(path), SETTINGS))
            files[attack] = str(score)
            out = folder / "metrics" / target / f"{attack}.json"
            storage.write_json(metrics[-1], out)
            argv["--metrics"].append(str(out))
            argv["--scores"].append(str(score))
            if (target, attack) in MADE:
                third = members[members["member"]].merge(table).iloc[:120]
                third = third[["image_id", "group", "fold", "block", "score"]]
                third = third.assign(image_id="made-" + third["image_id"])
                argv["--generated-scores"].append(
                    str(folder / f"scores/{target}/generated/{attack}.parquet")
                )
                storage.write(third, argv["--generated-scores"][-1])
        blind = [found for found in metrics if found["blind"]]
        settings = {"margin": 0.03, "by_design": number == 0, **SETTINGS}
        found = audit.audit(target, blind, files, members, settings, str(path))
        found["estimates_worse_than_zero"] = ["late"] if target == "shifted" else []
        found["fits_another_prediction_type"] = []
        storage.write_json(found, folder / "audit" / f"{target}.json")
        argv["--audits"].append(str(folder / "audit" / f"{target}.json"))
    outputs = {"--long": "metrics.csv", "--summary": "summary.csv"}
    outputs |= {"--pairwise": "pairwise.csv", "--set-test": "set_test.csv"}
    outputs |= {"--answers": "answers.csv", "--detections": "detections.csv"}
    outputs |= {"--compare": "compare.csv", "--generated": "generated.csv"}
    outputs |= {"--html": "summary.html", "--markdown": "summary.md"}
    outputs |= {"--checksums": "checksums.json"}
    line = ["tables", *(part for name, paths in argv.items() for part in (name, *paths))]
    line += [
        "--settings",
        json.dumps({**SETTINGS, **CLAIMS, "attacks": ATTACKS, "compare": COMPARE}),
    ]
    line += [part for name, file in outputs.items() for part in (name, str(folder / file))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", line)
        stage.main()
    return folder


def read(path):
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def test_summary_has_the_promised_columns_and_rows(made):
    summary = read(made / "summary.csv")
    assert list(summary.columns) == COLUMNS
    assert list(zip(summary["target"], summary["attack"], strict=True)) == [
        (target, attack) for target in ("fair", "shifted") for attack in ATTACKS
    ]
    rates = summary.filter(regex="auc|tpr").to_numpy(dtype=float)
    assert np.nanmin(rates) >= 0
    assert np.nanmax(rates) <= 1
    assert summary["tpr_fpr_01pct"].isna().all()


def test_above_blind_stands_beside_the_verdict(made):
    summary = read(made / "summary.csv").set_index(["target", "attack"])
    assert set(summary.loc["fair", "verdict"]) == {"BY DESIGN"}
    assert set(summary.loc["shifted", "verdict"]) == {"NOT FAIR"}
    assert summary.loc["fair"]["above_blind"].to_dict() == {
        "loss": "yes",
        "loss_more": "yes",
        "pia": "undecided",
        "coin": "undecided",
        "blind_caption": "n/a",
        "blind_image": "n/a",
    }
    assert set(summary.loc["shifted", "above_blind"]) == {"n/a"}
    blind = summary.loc["shifted"].loc[["blind_caption", "blind_image"], "auc"]
    assert set(summary.loc["shifted", "blind_auc"]) == {blind.loc[(blind - 0.5).abs().idxmax()]}
    assert {"below_chance", "shift"} <= set(summary.loc[("shifted", "pia"), "flags"].split())
    assert not summary.loc["fair", "flags"].str.contains("shift").any()
    worse = summary["flags"].str.contains("estimates_worse_than_zero")
    reading = summary["access"] != "model-free"
    assert (worse == (reading & (summary.index.get_level_values(0) == "shifted"))).all()


def test_better_than_chance_is_said_of_all_attacks_at_once():
    """Of forty attacks that find nothing two look lucky alone, hardly ever one of all."""
    member = np.repeat([True, False], 200)
    said = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = {
            f"a{number}": reported(score) for number, score in enumerate(rng.normal(size=(40, 400)))
        }
        said.append(set(above_chance(rows, 0.95).values()))
    assert sum(words != {"undecided"} for words in said) <= 3
    rows["a0"] = rows["a0"].assign(score=member + rng.normal(size=400))
    rows["a1"] = rows["a1"].assign(score=-1.0 * member + rng.normal(size=400))
    found = above_chance(rows, 0.95)
    assert (found["a0"], found["a1"]) == ("yes", "no")


def test_better_than_chance_stands_in_the_summary(made):
    summary = read(made / "summary.csv").set_index(["target", "attack"])["above_chance"]
    assert summary["fair", "loss"] == "yes"
    assert summary["fair", "coin"] == "n/a" and summary["fair", "blind_image"] == "n/a"
    assert summary["shifted", "pia"] == "no"


def test_summary_counts_evaluations(made):
    fair = read(made / "summary.csv").set_index(["target", "attack"]).loc["fair"]
    assert fair["evals_alone"].to_dict() == {
        "loss": 2,
        "loss_more": 4,
        "pia": 2,
        "coin": 0,
        "blind_caption": 0,
        "blind_image": 0,
    }
    assert fair["evals_shared"].sum() == pytest.approx(4 + 2)
    assert set(fair["backwards"]) == {0}


def test_long_table_says_what_each_number_rests_on(made):
    long = read(made / "metrics.csv")
    assert list(long.columns) == stage.long_table.LONG
    loss = long[(long["target"] == "fair") & (long["attack"] == "loss")].set_index("metric")
    assert loss.loc["auc", "n"] == 400
    assert loss.loc["tpr_at_fpr", "limit"].tolist() == [0.1, 0.01, 0.001]
    assert math.isnan(loss.loc["tpr_at_fpr", "value"].iloc[2])
    assert loss.loc["tpr_at_fpr", "note"].iloc[2].startswith("n/a")
    assert {"carried_fpr", "carried_tpr", "advantage"} <= set(loss.index)
    notes = loss.loc["auc_minus_blind", "note"].tolist()
    assert [note.split(";")[0] for note in notes] == ["blind_caption", "blind_image"]
    assert (long[long["target"] == "shifted"]["metric"] == "auc_minus_blind").sum() == 2 * 4


def test_long_table_has_the_band_of_no_signal(made):
    long = read(made / "metrics.csv")
    loss = long[(long["target"] == "fair") & (long["attack"] == "loss")].set_index("metric")
    for metric in ("auc", "partial_auc", "balanced_accuracy", "advantage"):
        assert loss.loc[metric, "chance_low"] < loss.loc[metric, "chance_high"]
    assert loss.loc["epsilon", "note"] == "n/a: membership was not randomised"
    assert math.isnan(loss.loc["epsilon", "value"])
    assert "auc_between_draws" not in loss.index


def test_pairs_of_attacks_on_the_same_rows(made):
    pairs = read(made / "pairwise.csv")
    assert list(pairs.columns) == stage.pairwise.COLUMNS
    fair = pairs[pairs["target"] == "fair"].set_index(["attack", "other"])
    assert list(fair.index) == [("loss", "loss_more"), ("loss", "pia"), ("loss_more", "pia")]
    summary = read(made / "summary.csv").set_index(["target", "attack"])["auc"]
    expected = summary["fair", "loss"] - summary["fair", "pia"]
    assert fair.loc[("loss", "pia"), "difference"] == pytest.approx(expected, abs=1e-5)
    assert fair.loc[("loss", "pia"), "better"] == "loss"
    assert fair.loc[("loss", "pia"), "p_holm"] < 0.05 < fair.loc[("loss", "loss_more"), "p"]
    assert fair.loc[("loss", "loss_more"), "better"] == "undecided"
    assert ((pairs["low"] > 0) | (pairs["high"] < 0)).eq(pairs["better"] != "undecided").all()


def test_images_that_a_model_made_stand_beside_both_sides(made):
    """Each has the score of a member: the same share is called, in expectation."""
    table = read(made / "generated.csv").set_index(["target", "attack"])
    assert [*table.index.names, *table.columns] == stage.generated.COLUMNS
    assert [*table.index] == MADE
    summary = read(made / "summary.csv").set_index(["target", "attack"])
    for name in MADE:
        row, sides = table.loc[name], summary.loc[name]
        assert row["n_generated"] == 60, "those in the evaluation fold, which is reported on"
        assert (row["n_member"], row["n_nonmember"]) == (sides["n_member"], sides["n_nonmember"])
        assert row["limit"] == 0.1
        assert row["auc_members_low"] < 0.5 < row["auc_members_high"]
        assert row["called_low"] <= row["members_called"] <= row["called_high"]
        assert row["auc_nonmembers"] == pytest.approx(sides["auc"], abs=0.06)


def test_two_targets_on_the_same_images_are_compared(made):
    table = read(made / "compare.csv")
    assert list(table.columns) == stage.before_after.COLUMNS
    assert table["attack"].tolist() == COMPARE["harder"]["attacks"]
    assert set(table["comparison"]) == {"harder"}
    summary = read(made / "summary.csv").set_index(["target", "attack"])["auc"]
    for row in table.itertuples():
        ends = summary["fair", row.attack], summary["shifted", row.attack]
        assert (row.auc_before, row.auc_after) == pytest.approx(ends, abs=1e-5)
        assert row.change == pytest.approx(ends[1] - ends[0], abs=1e-5)
    assert table["direction"][2] == "lowered"
    assert ((table["low"] > 0) | (table["high"] < 0)).eq(table["p_holm"] < 0.05).all()
    assert table["sentence"][2].startswith("shifted lowered the AUC by 0.")


def test_the_set_test_has_every_attack_and_the_blind_p(made):
    table = read(made / "set_test.csv")
    assert list(table.columns) == stage.set_test.COLUMNS
    whole = table[table["p"].notna()].set_index(["target", "attack"])
    assert len(whole) == 2 * len(ATTACKS)
    assert whole.loc[("fair", "loss"), "p"] == 1e-4 < whole.loc[("fair", "loss"), "blind_p"]
    assert whole.loc[("fair", "loss"), "p_excess"] < 0.01 < whole.loc[("fair", "pia"), "p_excess"]
    note = "a blind baseline tells the sets apart too, beyond chance"
    assert whole.loc[("shifted", "loss"), "note"] == note
    sizes = table[(table["target"] == "fair") & (table["attack"] == "loss")]["size"]
    assert sizes.tolist() == [200, 10, 20, 50, 100, 200]


def test_the_answers_are_one_row_a_target(made):
    table = read(made / "answers.csv").set_index("target")
    assert list(read(made / "answers.csv").columns) == stage.answer_rows.COLUMNS
    assert table["answer"].to_dict() == {"fair": "Used", "shifted": "Cannot be told"}
    fair = table.loc["fair"]
    assert fair["attack"] == "loss_more" and fair["passing"] == "loss | loss_more"
    assert fair["reasons"].split(" | ")[-1] == "Nothing but the training tells the two sets apart."
    summary = read(made / "summary.csv").set_index(["target", "attack"])
    assert summary.loc[("fair", "coin"), "answer"] == "Used"
    assert fair["auc"] == summary.loc[("fair", "loss_more"), "auc"]
    assert math.isnan(fair["share_used"]) and fair["members_are"] == "known"


def test_claimed_members_are_called_so_and_their_share_is_told(made):
    shifted = read(made / "answers.csv").set_index("target").loc["shifted"]
    assert shifted["members_are"] == "claimed" and "claimed images" in shifted["reasons"]
    assert shifted["answer"] != "Used" and math.isnan(shifted["share_at_least"])
    assert shifted["share_note"].startswith("told where the answer is Used")
    for name in ("metrics.csv", "set_test.csv", "answers.csv"):
        table = read(made / name)
        cells = table[table["target"] == "shifted"].select_dtypes("object").astype(str)
        said = " ".join(cells.drop(columns=["target", "attack"]).to_numpy().ravel())
        assert not re.search(r"\bmembers?\b", said.replace("member_", "")), name


def test_a_share_is_read_from_attacks_that_learnt_nothing(made):
    scores = {(p.parent.name, p.stem): str(p) for p in (made / "scores").glob("*/*.parquet")}
    paths = {p.parent.name: str(p) for p in (made / "targets").glob("*/membership.parquet")}
    files = ScoreFiles(scores, paths)
    assert sorted(files.untaught("fair")) == ["loss", "loss_more", "pia"]
    told = stage.share("shifted", "fair", files, 0.95)
    assert told["share_note"].startswith("by loss_more; its TPR is that on fair")
    assert 0 < told["share_at_least"] <= 1
    alone = stage.share("shifted", None, files, 0.95)
    assert alone.get("share_used") is None and alone["share_at_least"] > 0


def test_pages_say_it_in_words(made):
    page = (made / "summary.html").read_text(encoding="utf-8")
    assert page.count("<table>") == 1
    assert "http" not in page
    for target in ("fair", "shifted"):
        sentence = json.loads((made / "audit" / f"{target}.json").read_text())["sentence"]
        sentence = as_claimed(sentence) if target == "shifted" else sentence
        assert f"{target}: {sentence}" in page
    summary = read(made / "summary.csv").iloc[0]
    interval = f"{summary['auc']:.2f} [{summary['auc_low']:.2f}–{summary['auc_high']:.2f}]"
    percent, tenth = (f"{100 * summary[f'tpr_fpr_{name}']:.1f} % [" for name in ("1pct", "10pct"))
    assert f"<td>{interval}</td>" in page
    assert f"<td>{percent}" in page and f"<td>{tenth}" in page
    low, high = auc_band(int(summary["n_member"]), int(summary["n_nonmember"]), 0.95)
    rows = [line for line in page.splitlines() if ">no signal</th>" in line]
    assert len(rows) == 2 and f"<td>{low:.2f}–{high:.2f}</td>" in rows[0]
    assert {row.count("<td>") for row in rows} == {page.count('<th scope="col">') - 1}
    lines = (made / "summary.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == (
        "| Target | Verdict | Attack | AUC [95 %] | TPR | at FPR"
        " | gain over control | best blind AUC | above blind | evals/image | flags |"
    )
    assert lines[2].startswith(f"| fair | BY DESIGN | loss | {interval} | {tenth}")
    assert {line.split(" | ")[5] for line in lines[2:]} == {"10 %"}
    assert len(lines) == 2 + 12
    assert {line.count("|") for line in lines} == {12}


def test_html_is_escaped():
    row = dict.fromkeys(COLUMNS, 0) | {"target": "t", "attack": "<b>", "access": "&", "flags": ""}
    row |= {"above_blind": "n/a", "gain": "n/a", "verdict": "FAIR"}
    page = stage.readable.html([row], {"t": "<i>"}, 0.95)
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;" in page


def test_backward_passes_stand_beside_evals():
    row = dict.fromkeys(COLUMNS, 0) | {"target": "t", "attack": "a", "access": "", "flags": ""}
    row |= {"above_blind": "n/a", "gain": "n/a", "verdict": "FAIR", "evals_alone": 10}
    for backwards, said in ((0, "10"), (5, "10 + 5 backward")):
        page = stage.readable.markdown([row | {"backwards": backwards}], 0.95)
        assert f" | {said} | " in page.splitlines()[2]
