"""Captions exchanged among the images of a target: who gets which."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.stages import other_captions as stage
from mia.targets.other_captions import equal, shuffled, swapped, unlike

SIZES = [(1, 1), (1, 2), (2, 2), (2, 1), (3, 7), (7, 3), (40, 40), (5, 120)]
KINDS = ["distinct", "few", "one in two", "all equal", "empty"]


def texts(kind: str, count: int, rng: np.random.Generator) -> list[str]:
    made = {
        "distinct": [f"caption {i}" for i in range(count)],
        "few": [f"a {word}" for word in rng.choice(["cat", "dog", "bird"], count)],
        "one in two": ["a cat" if i % 2 else f"caption {i}" for i in range(count)],
        "all equal": ["a cat"] * count,
        "empty": ["" if i % 3 else f"caption {i}" for i in range(count)],
    }
    return made[kind]


def target(members: int, nonmembers: int, kind: str, seed: int = 0):
    """Captions and sides; no caption but those of `KINDS` with equal ones is on both sides."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation([f"{i:04x}" for i in range(members + nonmembers)])
    own = [*texts(kind, members, rng), *(f"{t} too" for t in texts(kind, nonmembers, rng))]
    member = np.arange(members + nonmembers) < members
    return pd.Series(own, ids), pd.Series(member, ids)


def least_equal(own: pd.Series, given: pd.Series) -> int:
    """Each value on n places that is there a times in one and b in the other meets a + b − n."""
    mine, other = Counter(own), Counter(given)
    return sum(max(0, mine[text] + other[text] - len(own)) for text in mine)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES)
def test_shuffled_keeps_each_sides_captions_and_no_image_keeps_its_own(sizes, kind):
    for seed in range(4):
        captions, member = target(*sizes, kind, seed)
        found = shuffled(captions, member, seed)
        for side in (True, False):
            own, given = captions[member == side], found[member[member == side].index]
            assert sorted(own) == sorted(given)
            assert int(equal(own, given).sum()) == least_equal(own, given)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", SIZES)
def test_swapped_gives_captions_of_the_other_side_as_evenly_as_can_be(sizes, kind):
    captions, member = target(*sizes, kind)
    found = swapped(captions, member, 0)
    for side in (True, False):
        given, other = found[member[member == side].index], captions[member != side]
        assert set(given) <= set(other)
        one_each = Counter(other)
        often = [count / one_each[text] for text, count in Counter(given).items()]
        if kind == "distinct":
            assert max(often) <= -(-len(given) // len(other))
            assert len(often) == min(len(given), len(other))
            assert min(often) >= max(1, len(given) // len(other))


def test_an_image_gets_every_other_caption_of_its_side_equally_often():
    """400 seeds on six images: each of five is expected 80 times; 40 is 5 standard errors."""
    captions, member = target(6, 3, "distinct")
    first = captions.index[0]
    counts = Counter(shuffled(captions, member, seed)[first] for seed in range(400))
    assert captions[first] not in counts and len(counts) == 5
    assert max(abs(count - 80) for count in counts.values()) < 40


def test_captions_that_differ_in_case_and_spaces_alone_count_as_equal():
    captions = pd.Series(["A cat", "a  cat ", "a dog", "a bird"], list("abcd"))
    member = pd.Series(True, captions.index)
    for seed in range(20):
        assert not equal(captions, shuffled(captions, member, seed)).any()


@pytest.mark.parametrize("exchange", [shuffled, swapped])
def test_the_order_of_rows_and_the_name_of_a_side_change_nothing(exchange):
    captions, member = target(30, 20, "few")
    found = exchange(captions, member, 3)
    turned = captions.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(exchange(turned, member[turned.index], 3), found)
    pd.testing.assert_series_equal(exchange(captions, ~member, 3), found)
    assert not exchange(captions, member, 4).equals(found)


def test_the_other_side_does_not_change_what_a_side_is_told():
    captions, member = target(30, 20, "distinct")
    members = member[member].index
    found = shuffled(captions, member, 0)[members]
    fewer = member.index.difference(member[~member].index[:5])
    again = shuffled(captions[fewer], member[fewer], 0)[members]
    pd.testing.assert_series_equal(again, found)


def test_captions_cannot_be_swapped_with_nobody():
    captions = pd.Series(["a", "b"], ["x", "y"])
    with pytest.raises(ValueError, match="2 members and 0 nonmembers; expected some of each"):
        swapped(captions, pd.Series(True, captions.index), 0)


def test_as_few_entries_as_possible_are_equal_to_their_counterpart():
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = int(rng.integers(1, 12))
        own, given = (rng.integers(0, rng.integers(1, 4), n) for _ in range(2))
        order = unlike(own, given, rng)
        assert sorted(order) == list(range(n))
        assert (own == given[order]).sum() == least_equal(pd.Series(own), pd.Series(given))


def test_the_stage_writes_a_caption_for_every_kept_image(tmp_path, capsys):
    folder = tmp_path / "images/mine"
    folder.mkdir(parents=True)
    rows = pd.DataFrame(
        {"image_id": [f"i{n}" for n in range(6)], "key": [f"k{n}" for n in range(6)]}
    )
    manifest = rows.assign(group=rows["key"], caption=["a", "b", "c", "d", None, "f"])
    storage.write(manifest, folder / "manifest.parquet")
    membership = rows.assign(set="mine", member=[True] * 3 + [False] * 3, kept=True)
    membership.loc[5, "kept"] = False
    storage.write(membership, tmp_path / "membership.parquet")
    files = ["--membership", tmp_path / "membership.parquet", "--output", tmp_path / "out.parquet"]
    given = ["--target", "t", "--manifests", folder / "manifest.parquet", *files]
    stage.main([*map(str, given), "--settings", json.dumps({"seed": 0})])
    table = storage.read(Path(tmp_path, "out.parquet")).set_index("image_id")
    assert table.index.tolist() == ["i0", "i1", "i2", "i3", "i4"]
    assert table["own"].tolist() == ["a", "b", "c", "d", ""]
    assert sorted(table["shuffled"][:3]) == ["a", "b", "c"]
    assert table["shuffled"][3:].tolist() == ["", "d"]
    assert set(table["swapped"][:3]) == {"", "d"} and set(table["swapped"][3:]) < {"a", "b", "c"}
    assert "shuffled: 0 of 5 images have a caption equal to their own" in capsys.readouterr().err
