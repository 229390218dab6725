"""Pictures under one caption: together in a fold, or in equal shares; the verdict stays honest."""

import json
import unicodedata

import numpy as np
import pandas as pd
import pytest

from made_images import WORDS
from made_membership import RULE, blobs, manifest, run
from mia.audit.channels import channels_of
from mia.audit.remarks import remarks
from mia.audit.verdict import verdict
from mia.blind import caption as channel
from mia.blind import surface
from mia.targets import equal_captions, folds, membership

SYLLABLES = [a + b for a in ("ba", "ke", "di", "lo", "mu", "ta", "re", "si") for b in WORDS]


def prompts(n, seed=0):
    """So many captions, all different, from few words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(SYLLABLES, 5)) for _ in range(n)]


def classes(n):
    return [f"a photo of a {SYLLABLES[7 * (i % 10)]}" for i in range(n)]


def one_to_one(n):
    return prompts(n) * 2


def half_of_them(n):
    shared, own = prompts(n // 2), prompts(n, seed=1)
    return [*shared, *own[: n // 2], *shared, *own[n // 2 :]]


def five_of_each(n):
    return prompts(n // 5) * 10


def four_a_prompt(n):
    return [text for text in prompts(2 * n // 4) for _ in range(4)]


def ten_classes(n):
    return classes(n) * 2


def one_for_all(n):
    return ["a photo"] * (2 * n)


def classes_of(*counts):
    """Captions of classes that have so many members and nonmembers."""
    texts = [f"a photo of a {text}" for text in SYLLABLES[: 7 * len(counts) : 7]]
    return tuple(
        [text for text, pair in zip(texts, counts, strict=True) for _ in range(pair[side])]
        for side in (0, 1)
    )


UNEVEN = {
    "18 prompts, 3 and 2": classes_of(*[(3, 2)] * 18),
    "18 prompts, 6 and 5": classes_of(*[(6, 5)] * 18),
    "15 prompts of 10, some lost": classes_of(*[(10, 9), (8, 10), (9, 9), (10, 8), (9, 10)] * 3),
    "10 classes, 50 and 48": classes_of(*[(50, 48)] * 10),
    "16 classes, 30 and 33": classes_of(*[(30, 33)] * 16),
}


def otherwise_typed(n):
    return [*prompts(n), *(f"  {text.upper()} " for text in prompts(n))]


KINDS = [one_to_one, half_of_them, five_of_each, four_a_prompt, ten_classes, one_for_all]


def dealt(captions, seed=0, members=None):
    """Rows of a target of single images, as `membership.build` groups and deals them."""
    n, members = len(captions), len(captions) // 2 if members is None else members
    key = pd.Index([f"{number:08x}" for number in range(n)])
    rows = pd.DataFrame({"caption": captions, "member": np.arange(n) < members}, index=key)
    rows["group"] = equal_captions.joined(pd.Series(key, key), rows["caption"])
    evenly = equal_captions.evenly(rows["caption"], rows["member"])
    return with_blocks(rows, rows["group"], seed, evenly)


def with_blocks(rows, groups, seed=0, evenly=None):
    return rows.assign(block=groups.map(folds.blocks(groups, rows["member"], seed, evenly)))


def judged(rows, reader=channel):
    """A baseline's AUC and the verdict, as `score` and `audit` reach them."""
    parts = []
    for block in range(1, rows["block"].max() + 1):
        fitted = reader.fit(rows, rows.loc[rows["block"] < block, "member"])
        part = rows[rows["block"] == block]
        parts.append(part.assign(score=fitted.log_odds(part)))
    tested = pd.concat(parts)
    channels = channels_of({"blind_one": tested}, 0.95)
    sides = [int((tested["member"] == side).sum()) for side in (True, False)]
    return channels[0].auc, verdict(channels, 0.03, False, *sides)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_equal_captions_never_tell_the_sides_apart(kind, seed):
    auc, word = judged(dealt(kind(200), seed))
    assert word != "NOT FAIR"
    if kind not in (half_of_them, four_a_prompt):  # there, other captions land by chance
        assert auc == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("kind", UNEVEN)
@pytest.mark.parametrize("seed", range(3))
def test_unequal_counts_of_equal_shares_tell_nothing(kind, seed):
    members, nonmembers = UNEVEN[kind]
    auc, word = judged(dealt([*members, *nonmembers], seed, len(members)))
    assert word != "NOT FAIR" and auc == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("kind", UNEVEN)
def test_that_fault_too_is_there_when_chance_deals_single_images(kind):
    members, nonmembers = UNEVEN[kind]
    rows = dealt([*members, *nonmembers], 0, len(members))
    alone = pd.Series(rows.index, rows.index)
    rows = with_blocks(rows, alone)
    assert judged(rows.assign(group=alone))[0] < 0.46


def test_a_class_that_members_have_more_of_is_found():
    members, nonmembers = classes_of((180, 40), *[(35, 51)] * 9)
    for seed in range(3):
        auc, word = judged(dealt([*members, *nonmembers], seed, len(members)))
        assert word == "NOT FAIR" and auc > 0.55


def test_sides_that_chance_made_of_common_captions_are_dealt_by_chance():
    """Equal shares would carry the accident of the sampling into both folds."""
    rng = np.random.default_rng(1)
    texts = [f"a photo of a {text}" for text in SYLLABLES[:70:7]]
    captions = [[str(text) for text in rng.choice(texts, 400)] for _ in range(12)]
    aucs, words = zip(*(judged(dealt(c, seed)) for seed, c in enumerate(captions)), strict=True)
    assert words.count("NOT FAIR") <= 1  # of intervals that hold 95 times in a hundred
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("kind", [one_to_one, half_of_them, five_of_each, four_a_prompt])
def test_the_fault_is_there_without_the_groups(kind):
    rows = dealt(kind(200))
    alone = pd.Series(rows.index, rows.index)
    rows = with_blocks(rows, alone)
    assert judged(rows.assign(group=alone))[1] == "NOT FAIR"


TYPED = {  # what typing alone changes
    "case": str.upper,
    "each word's case": str.title,
    "blanks": lambda text: f"  {text.replace(' ', '   ')}\n",
    "other blanks": lambda text: text.replace(" ", "\u00a0\u2009"),
    "decomposed accents": lambda text: unicodedata.normalize("NFD", text),
    "decomposed accents in capitals": lambda text: unicodedata.normalize("NFD", text.upper()),
    "wide letters": lambda text: "".join(
        chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text
    ),
    "characters without a shape": lambda text: "\ufeff" + text.replace("k", "k\u200b\u00ad\ufe0f"),
    "sharp s": lambda text: text.replace("ß", "ss"),
}


def accented(n, seed=0):
    texts = (
        text.replace("e", "é").replace("s", "ß").replace("i", "ΐ") for text in prompts(n, seed)
    )
    return [f"kk {text}" for text in texts]


@pytest.mark.parametrize("typing", TYPED)
@pytest.mark.parametrize("reader", [channel, surface], ids=["caption", "surface"])
def test_typing_hides_no_equal_caption(typing, reader):
    """A coin decides how each image's caption is typed: nothing but twins could tell the sides."""
    shared = accented(200)
    coin = np.random.default_rng(1).random(400) < 0.5
    typed = [TYPED[typing](t) if c else t for t, c in zip(shared * 2, coin, strict=True)]
    assert len(set(typed)) > 250
    rows = dealt(typed)
    assert rows["group"].nunique() == 200
    auc, word = judged(rows, reader)
    assert word != "NOT FAIR" and auc == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("typing", TYPED)
def test_captions_typed_otherwise_on_one_side_are_equal(typing):
    shared = accented(200)
    rows = dealt([*shared, *map(TYPED[typing], shared)])
    assert rows.groupby("group")["member"].agg(["size", "nunique"]).eq(2).all(axis=None)
    assert equal_captions.on_both_sides(rows["caption"], rows["member"]) == 1
    plain = rows.assign(caption=equal_captions.plain(rows["caption"]))
    assert judged(plain) == (pytest.approx(0.5, abs=1e-6), "FAIR")


def test_other_words_are_other_captions():
    others = [
        "a cat",
        "a cät",
        "a-cat",
        "acat",
        "a cat.",
        "a cat 1",
        "‘a cat’",
        "'a cat'",
        "🐈",
        "🐈‍⬛",
    ]
    assert equal_captions.plain(pd.Series(others)).is_unique


@pytest.mark.parametrize("kind", [one_to_one, otherwise_typed, ten_classes])
def test_sets_matched_by_caption_are_as_fair_as_their_captions(kind):
    rows = dealt(kind(200))
    plain = rows.assign(caption=equal_captions.plain(rows["caption"]))
    assert judged(plain)[1] == "FAIR"


def test_a_real_difference_of_captions_is_still_found():
    shared, own = prompts(100), prompts(200, seed=1)
    captions = [*shared, *(f"{text} ltd" for text in own[:100]), *shared, *own[100:]]
    assert judged(dealt(captions))[1] == "NOT FAIR"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deal", [folds.halves, folds.fifths])
def test_folds_stay_balanced_and_hold_whole_groups(kind, deal):
    rows = dealt(kind(200))
    evenly = equal_captions.evenly(rows["caption"], rows["member"])
    fold = rows["group"].map(deal(rows["group"], rows["member"], 0, evenly))
    assert fold.groupby(rows["group"]).nunique().max() == 1
    shares = pd.crosstab(rows["member"], fold)[["calibration", "evaluation"]]
    assert (np.ptp(shares.to_numpy(), axis=1) <= 5).all()


def test_a_common_caption_of_both_sides_is_dealt_in_equal_shares():
    rows = dealt(ten_classes(210))
    shares = pd.crosstab([rows["caption"], rows["block"]], rows["member"])
    assert len(shares) == 60 and set(shares.to_numpy().ravel()) == {3, 4}
    assert (shares[True] == shares[False]).all()
    unequal = ["a photo"] * 150 + prompts(250)
    rows = dealt(unequal)
    assert equal_captions.evenly(rows["caption"], rows["member"]).isna().all()
    assert rows["group"].is_unique


def test_few_twins_and_empty_captions_are_left_alone():
    few = [*prompts(199), "twin", *prompts(199, seed=1), "twin"]
    assert dealt(few)["group"].is_unique
    assert dealt([*few[:390], *["twin"] * 10])["group"].nunique() == 400 - 10
    assert dealt(["", None, " "] * 20)["group"].is_unique


def test_a_target_groups_equal_captions_of_what_it_keeps():
    ours = manifest([(f"m{n:02d}", "member", blobs(n), {"caption": f"c {n}"}) for n in range(12)])
    texts = ["C  0", *(f"d {n}" for n in range(10)), "c 3"]
    theirs = manifest(
        [(f"n{n:02d}", "all", blobs(100 + n), {"caption": text}) for n, text in enumerate(texts)]
        + [("x", "all", blobs(5), {"caption": "c 6"})]
    )
    spec = {
        "members": ["ours", ["member"]],
        "nonmembers": ["theirs", ["all"]],
        "seed": 0,
        "design": "all",
    }
    spec |= {"duplicates": RULE, "match": "none"}
    rows = membership.build({"ours": ours, "theirs": theirs}, spec)[0].set_index("key")
    assert rows.loc["n00", "group"] == rows.loc["m00", "group"] == "ours:m00"
    assert rows.loc["n11", "group"] == rows.loc["m03", "group"]
    assert rows.loc["m06", "group"] != rows.loc["m05", "group"]  # x, a copy of m05, is dropped
    assert rows.loc["n01", "group"] == "theirs:n01"


def test_the_stage_reads_captions(tmp_path):
    texts = [f"c {n}" for n in range(12)]
    sides = [
        manifest([(f"{s}{n:02d}", p, blobs(at + n), {"caption": texts[n]}) for n in range(12)])
        for s, p, at in (("m", "member", 0), ("n", "all", 100))
    ]
    spec = {
        "members": ["ours", ["member"]],
        "nonmembers": ["theirs", ["all"]],
        "seed": 0,
        "design": "all",
    }
    spec |= {"duplicates": RULE, "match": "none"}
    rows = run(tmp_path, {"ours": sides[0], "theirs": sides[1]}, json.loads(json.dumps(spec)))
    assert rows.groupby("group").size().eq(2).all()
    assert rows.groupby("group")["fold"].nunique().eq(1).all()


@pytest.mark.parametrize(
    ("captions", "share"),
    [(one_to_one(200), 1.0), (half_of_them(200), 0.5), (prompts(400), 0.0), ([""] * 400, 0.0)],
)
def test_the_audit_says_how_many_captions_both_sides_have(captions, share):
    rows = dealt(captions)
    found = equal_captions.on_both_sides(rows["caption"], rows["member"])
    assert found == pytest.approx(share)
    said = remarks("FAIR", True, "none", {}, {}, found)
    assert len(said) == (share > 0)
    if said:
        assert said[0].startswith(f"{100 * share:.0f} % of the images bear a caption that both")
