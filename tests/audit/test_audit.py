"""The stage `audit`: known answers for all four verdicts."""

import json
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from made_images import images
from made_target import BLIND, SETTINGS, membership, scores, write_scores
from mia import storage
from mia.audit.channels import Channel, channels_of
from mia.audit.verdict import verdict
from mia.stages import audit, evaluate

SIDES = {
    side: {"set": "made", "parts": [part], "dealt": False}
    for side, part in (("members", "seen"), ("nonmembers", "unseen"))
}


def channel(low, high, name="caption", p=1.0, outer=None):
    """A channel whose two intervals end alike, at `low` and `high`, unless told otherwise."""
    ends = (low, high, *(outer or (low, high)))
    return Channel(name, f"blind_{name}", (low + high) / 2, *ends, 0.52, p)


@pytest.mark.parametrize(
    ("ends", "by_design", "word"),
    [
        ([(0.48, 0.52)], False, "FAIR"),
        ([(0.48, 0.52), (0.47, 0.53)], False, "FAIR"),
        ([(0.48, 0.52), (0.45, 0.52)], False, "UNDECIDED"),
        ([(0.52, 0.56)], False, "UNDECIDED"),
        ([(0.53, 0.56)], False, "UNDECIDED"),
        ([(0.54, 0.56), (0.49, 0.51)], False, "NOT FAIR"),
        ([(0.40, 0.46)], False, "NOT FAIR"),
        ([], False, "UNDECIDED"),
        ([(0.48, 0.52)], True, "BY DESIGN"),
        ([(0.40, 0.60)], True, "BY DESIGN"),
        ([], True, "BY DESIGN"),
        ([(0.54, 0.56)], True, "NOT FAIR"),
    ],
)
def test_verdict(ends, by_design, word):
    channels = [channel(*end, name) for end, name in zip(ends, ("caption", "image"), strict=False)]
    found, sentence = verdict(channels, 0.03, by_design, 300, 310)
    assert found == word
    assert sentence.startswith(f"{word}: ")


def test_sentences_carry_the_numbers():
    sentence = verdict([channel(0.60, 0.64), channel(0.5, 0.52, "image")], 0.03, False, 300, 310)[1]
    assert "0.62 [0.60–0.64] (caption)" in sentence
    assert "image" not in sentence
    assert "n = 300 members + 310 nonmembers" in sentence
    assert "every blind AUC lies within 0.5 ± 0.140" in sentence
    undecided = verdict([channel(0.5, 0.6)], 0.03, False, 300, 310)[1]
    assert "0.55 [0.50–0.60] (caption), 90 % interval, is neither inside nor outside" in undecided
    assert "n = 300 members + 310 nonmembers" in undecided
    by_design = verdict([channel(0.47, 0.55)], 0.03, True, 300, 310)[1]
    assert "0.51 [0.47–0.55] (caption), 90 % interval; n = 300" in by_design
    assert "every blind AUC lies within 0.5 ± 0.050" in by_design
    assert "a blind AUC of 0.52 to differ from 0.5, and would have called one of 0.55" in by_design
    fair = verdict([channel(0.479, 0.52), channel(0.49, 0.51, "image")], 0.03, False, 9, 9)[1]
    assert "0.50 [0.48–0.52] (caption), 0.50 [0.49–0.51] (image), 90 % intervals, inside" in fair
    assert fair.endswith("every blind AUC lies within 0.5 ± 0.021")
    assert verdict([], 0.03, False, 300, 310)[1] == "UNDECIDED: no blind baseline"


def test_a_channel_beyond_chance_is_named_even_inside_the_margin():
    channels = [channel(0.48, 0.52), channel(0.51, 0.525, "surface", p=0.004)]
    for by_design in (False, True):
        sentence = verdict(channels, 0.03, by_design, 9000, 9000)[1]
        assert "beyond chance, but not beyond the margin: surface (p = 0.004)" in sentence
    outside = verdict([channel(0.54, 0.56, p=0.001)], 0.03, False, 900, 900)[1]
    assert "beyond chance" not in outside


def test_intervals_are_wider_when_more_channels_are_looked_at():
    rows = membership(per_class=200)
    rows = rows.assign(score=scores(rows, 0.3)["score"])
    (alone,) = channels_of({"blind_caption": rows}, 0.95)
    pair = channels_of({"blind_caption": rows, "blind_image": rows}, 0.95)
    ratio = (pair[0].not_fair_high - pair[0].not_fair_low) / (
        alone.not_fair_high - alone.not_fair_low
    )
    assert ratio == pytest.approx(2.241403 / 1.959964, abs=0.01)
    assert pair[1].channel == "image"
    assert pair[0].detectable > alone.detectable > 0.5
    half = (alone.not_fair_high - alone.not_fair_low) / 2 / norm.ppf(0.975)
    assert alone.error(0.95) == pytest.approx(half, rel=0.1)
    for one in (alone, *pair):  # that of FAIR stays as it is, of any number of channels
        assert one.fair_high - one.auc == pytest.approx(half * norm.ppf(0.95), rel=0.05)
    assert alone.p == pytest.approx(2 * norm.sf(abs(alone.auc - 0.5) / half), rel=0.1)
    assert pair[0].p == pair[1].p == pytest.approx(2 * alone.p)


@pytest.fixture
def run(tmp_path):
    """Run `evaluate`, then `audit` as its rule does, on blind baselines of given shifts."""

    def audited(shifts, per_class=400, spoil=lambda members: members, refit=True, **pairing):
        members = spoil(membership(per_class))
        storage.write(members, tmp_path / "membership.parquet")
        manifest = images(per_class).drop(columns=["set", "key", "member", "fold", "block"])
        manifest = manifest.assign(**members[["key", "image_id"]].to_dict("list"))
        manifest["part"] = np.where(members["member"], "seen", "unseen")
        lost = pd.DataFrame({"key": ["lost"], "image_id": ["lost"], "part": ["seen"]})
        manifest = pd.concat([manifest.assign(status="success"), lost.assign(status="timeout")])
        storage.write(manifest, tmp_path / "images/made/manifest.parquet")
        metrics, paths = [], []
        for seed, (name, shift) in enumerate(shifts.items()):
            path = write_scores(
                tmp_path / f"scores/made/{name}.parquet", scores(members, shift, seed), **BLIND
            )
            found = evaluate.evaluate(
                "made", name, str(path), str(tmp_path / "membership.parquet"), SETTINGS
            )
            storage.write_json(found, tmp_path / f"{name}.json")
            metrics.append(str(tmp_path / f"{name}.json"))
            paths.append(str(path))
        settings = {"margin": 0.03, "confidence": 0.95, "resamples": 200, "seed": 0}
        settings |= {"splits": 2, "random_splits": 19}
        settings |= {"by_design": False, "trained_here": True, "match": "none", **pairing}
        settings |= {"sides": SIDES, "without_addresses": []}
        settings["attacks"] = {name: {} for name in shifts} if refit else {}
        argv = ["audit", "--target", "made", "--metrics", *metrics, "--scores", *paths]
        argv += ["--membership", str(tmp_path / "membership.parquet")]
        argv += ["--manifests", str(tmp_path / "images/made/manifest.parquet")]
        argv += ["--settings", json.dumps(settings), "--output", str(tmp_path / "audit.json")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", argv)
            audit.main()
        return storage.read_json(tmp_path / "audit.json")

    return audited


def test_a_difference_of_the_sets_is_found(run):
    found = run({"blind_caption": 0.0, "blind_image": 1.0}, by_design=True, trained_here=False)
    assert found["verdict"] == "NOT FAIR"
    assert "(image)" in found["sentence"]
    assert [c["channel"] for c in found["channels"]] == ["caption", "image"]
    assert found["channels"][1]["not_fair_low"] > 0.53
    keys = "target verdict sentence margin levels reach channels n_member n_nonmember by_design"
    more = "counts spread self_test balance frechet match kept_share remarks survival"
    more += " failed_hosts same_captions"
    assert {*keys.split(), *more.split()} == found.keys()
    assert found["survival"]["members"]["share"] == 400 / 401
    labels, above_blind = found["remarks"]
    assert "labels" in labels and "LAION-mi" in labels
    assert "reference" not in above_blind and "saw neither set" in above_blind
    assert found["channels"][1]["tpr"] == {"limit": 0.1, "value": pytest.approx(0.3, abs=0.15)} | {
        end: found["channels"][1]["tpr"][end] for end in ("low", "high")
    }


def test_the_appendix_refits_and_tests_itself(run):
    """The made-up manifest's two sides do not differ: everything in the appendix is at chance."""
    found = run({"blind_caption": 0.0, "blind_image": 0.0}, per_class=200)
    assert found["spread"].keys() == found["self_test"].keys() == {"blind_caption", "blind_image"}
    for seen in found["spread"].values():
        assert seen["splits"] == 2
        assert 0.3 < seen["low"] <= seen["mean"] <= seen["high"] < 0.7
    for seen in found["self_test"].values():
        assert seen["low"] <= 0.5 <= seen["high"]
    columns = [row["column"] for row in found["balance"]]
    assert {"bytes", "jpeg_quality", "caption_length", "stat_edges"} <= set(columns)
    (apart,) = found["frechet"]
    assert apart["features"] == "image" and apart["p"] > 0.01
    assert found["verdict"] == "UNDECIDED"
    (above_blind,) = found["remarks"]
    assert "proves nothing on this target" in above_blind


def test_matching_is_told_with_what_it_left(run):
    def unmatch(members):
        first = members.index[members["fold"] == "evaluation"][:10]
        members.loc[first, ["kept", "reason"]] = [False, "unmatched: no counterpart"]
        members.loc[members.index[-4:], ["kept", "reason"]] = [False, "duplicate of member x"]
        return members

    found = run({"blind_caption": 0.0}, spoil=unmatch, refit=False, match="bins")
    assert found["kept_share"] == {"members": 0.975, "nonmembers": 1}
    assert found["remarks"][0] == "Matched by bins: 98 % of members and 100 % of nonmembers kept."


def test_a_small_sample_without_difference_is_undecided_unless_by_design(run):
    assert run({"blind_caption": 0.0})["verdict"] == "UNDECIDED"
    assert run({"blind_caption": 0.0}, by_design=True)["verdict"] == "BY DESIGN"


def test_a_large_sample_without_difference_is_fair(run):
    found = run({"blind_caption": 0.0, "blind_image": 0.0}, per_class=12000, refit=False)
    assert found["verdict"] == "FAIR"


def test_without_any_blind_baseline(run):
    found = run({})
    assert found["sentence"] == "UNDECIDED: no blind baseline"
    assert (found["n_member"], found["n_nonmember"]) == (200, 200)
    assert found["channels"] == []


def test_dropped_rows_are_counted_by_kind(run):
    def drop(members):
        rows = [400, 401, 402, 0]
        members.loc[rows, "kept"] = False
        members.loc[rows, "reason"] = [
            "duplicate of member 00000000000000aa",
            "duplicate of member 00000000000000bb",
            "unmatched: caliper 0.1",
            "excluded",
        ]
        return members

    counts = run({"blind_caption": 0.0}, spoil=drop)["counts"]
    assert counts["nonmembers"]["dropped"] == {"duplicate of member": 2, "unmatched": 1}
    assert counts["members"] == {
        "kept": 399,
        "calibration": 199,
        "evaluation": 200,
        "dropped": {"excluded": 1},
    }


def test_an_attack_on_the_model_is_no_blind_baseline(tmp_path):
    with pytest.raises(ValueError, match=r"\['loss'\] are no blind baselines"):
        members = membership(10)
        audit.audit("made", [{"attack": "loss", "blind": False}], {}, members, {}, "m.parquet")


def test_audit_is_seeded(run):
    first = run(
        {"blind_caption": 0.2},
        spoil=lambda m: m.assign(group=np.repeat(m["group"][::2], 2).to_numpy()),
    )
    second = run(
        {"blind_caption": 0.2},
        spoil=lambda m: m.assign(group=np.repeat(m["group"][::2], 2).to_numpy()),
    )
    assert first == second
