"""Pictures measured twice: what hangs on anything but image and query is found and flagged."""

import json
import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.evidence import Evidence
from mia.measuring.ledger import KEY
from mia.query import Query
from mia.scoring.remeasured import largest_difference, repeated
from micro_experiment import EVALS, IMAGES, PICTURES

PARTS = ("member", "nonmember")
MEASURING = ("clid_null", "loss", "pia", "sima")
QUERY = Query("denoise", 100)
FIELDS = ["image_id", "timestep", "draw", "condition"]


class Loss:
    def score(self, evidence):
        return -evidence.signals["denoise"]["loss_caption"]


def query_file(folder, twice, change=0.0, image_set="s"):
    """Twenty images of a set, of which those numbered in `twice` were measured again."""
    rows = pd.DataFrame({"key": [f"k{n:02d}" for n in range(20)], **QUERY.fields()})
    rows = rows.assign(image_id=names(range(20), image_set), loss_caption=np.arange(20.0))
    again = rows.iloc[twice].assign(loss_caption=lambda found: found["loss_caption"] + change)
    about = {"set": image_set, "fields": FIELDS, "devices": ["cpu"]}
    about["repeats"] = again.to_dict("records")
    name = f"queries/model/{image_set}/{QUERY.path}.parquet"
    path = folder / name
    storage.write(rows, path, about)
    return str(path)


def names(numbers, image_set="s"):
    return [f"{image_set}{number:02d}" for number in numbers]


def found_in(paths, wanted, reference=()):
    """What is found of a target that has the images `wanted`: set to numbers."""
    keys = {image_set: [f"k{n:02d}" for n in numbers] for image_set, numbers in wanted.items()}
    images = pd.concat(
        pd.DataFrame({"set": image_set, "key": keys[image_set]}, names(numbers, image_set))
        for image_set, numbers in wanted.items()
    )
    first = -pd.Series(np.concatenate([np.array(n, float) for n in wanted.values()]), images.index)
    return repeated(Loss(), Evidence(tuple(images.index)), images, first, paths, reference)


@pytest.mark.parametrize("change", [0.0, 0.5])
def test_a_pictures_two_scores_are_compared_in_standard_deviations(tmp_path, change):
    path = query_file(tmp_path, [3, 4, 15], change)
    expected = change / np.std(np.arange(10.0))
    found = found_in([path], {"s": range(10)})
    assert found == {"pictures": 2, "difference": pytest.approx(expected)}


def test_a_target_without_pictures_measured_twice_says_nothing(tmp_path):
    assert found_in([query_file(tmp_path, [15])], {"s": range(10)}) is None
    assert found_in([query_file(tmp_path, [])], {"s": range(10)}) is None


def test_members_and_nonmembers_of_two_sets_are_both_looked_at(tmp_path):
    """Their keys may be equal, and only one side may have moved."""
    paths = [query_file(tmp_path, [3]), query_file(tmp_path, [4, 5], 0.5, "t")]
    found = found_in(paths, {"s": range(10), "t": range(10)})
    assert found["pictures"] == 3
    assert found["difference"] == pytest.approx(0.5 / np.std(np.arange(10.0)))


def test_a_reference_must_have_been_asked_twice_too(tmp_path):
    path, other = query_file(tmp_path, [3, 4]), query_file(tmp_path / "reference", [4])
    assert found_in([path], {"s": range(10)}, [other])["pictures"] == 1


def test_a_second_score_that_is_no_number_names_the_picture(tmp_path):
    with pytest.raises(ValueError, match="a second time, these images score no number: s04"):
        found_in([query_file(tmp_path, [3, 4], np.array([0.0, np.nan]))], {"s": range(10)})


def test_what_measures_nothing_says_nothing():
    assert found_in([], {"s": range(10)}) is None


def test_a_constant_score_that_moves_once_is_far_off_yet_a_number():
    assert np.isfinite(largest_difference(np.zeros(3), np.array([0.0, 1e-9, 0.0]), 0.0))
    assert largest_difference(np.zeros(3), np.zeros(3), 0.0) == 0.0


def flags(bench):
    return bench.summary()["flags"].fillna("").str.split(" ").to_dict()


def test_a_run_measures_some_pictures_twice_and_finds_the_same(finished_run):
    """Eight of each part; alone in their batch, where they first went with others."""
    kept = finished_run.kept
    for attack in MEASURING:
        found = json.loads((kept.folder / f"results/metrics/fair/{attack}.json").read_text())
        assert found["repeats"]["pictures"] == 16
        assert found["repeats"]["difference"] <= 1e-3
    assert not any("not_reproducible" in raised for raised in flags(kept).values())
    files = sorted((kept.folder / "results/queries").glob("*/*/denoise/*.parquet"))
    for path in files:
        table, about = storage.read(path), storage.metadata(path)
        assert len(table) == IMAGES and "repeat" not in table
        ids = [row["image_id"] for row in about["repeats"]]
        manifest = storage.read(kept.folder / "results/images/mine/manifest.parquet")
        parts = manifest.groupby("part")["image_id"]
        firsts = [image_id for _, part in parts for image_id in sorted(part)[:8]]
        assert sorted(ids) == sorted(firsts) and PICTURES > 8


def test_a_signal_that_draws_numbers_of_its_own_is_flagged(bench):
    """Noise from a generator of the process: what so many scripts do."""
    bench.edit(
        "workflow/mia/signals/clean.py",
        "double().abs()",
        "double().abs()\n    size = size * (1 + 0.1 * torch.rand_like(size))",
    )
    bench.run("measured").done()
    bench.run("results/tables/summary.csv").done()
    raised = {attack for attack, names in flags(bench).items() if "not_reproducible" in names}
    assert {"sima"} <= raised and not raised & {"loss", "clid_null"}


def test_none_are_measured_twice_where_none_are_asked_for(bench):
    bench.configure(lambda config: config["measure"].update(repeats=0))
    assert bench.run("results/metrics/fair/loss.json").done().evals == 0
    found = json.loads((bench.folder / "results/metrics/fair/loss.json").read_text())
    assert found["repeats"] is None


def test_a_picture_in_two_parts_is_measured_once_for_each_caption(bench):
    """Equal bytes and captions on both sides: what the ledger holds of one answers the other."""
    data = bench.folder / "data"
    shutil.copy(data / "member/00.png", data / "nonmember/00.png")
    lines = {part: (data / f"{part}.csv").read_text().splitlines() for part in PARTS}
    lines["nonmember"][1] = lines["member"][1]
    (data / "nonmember.csv").write_text("\n".join(lines["nonmember"]) + "\n")
    bench.configure(lambda config: config["image_sets"]["mine"].update(shards=1))
    bench.forget_measurements()
    names = ("loss", "sima")
    wanted = [f"results/scores/fair/{name}.parquet" for name in names]
    assert bench.run("measured", *wanted).done().evals == (IMAGES - 1) * EVALS
    counts = Counter()
    for path in (bench.folder / "results/ledger/measure/tiny/mine").glob("*-*.parquet"):
        signal = path.name.partition("-")[0]
        counts.update((signal, *key) for key in storage.read(path)[KEY].to_numpy())
    assert set(counts.values()) == {1}
    scores = bench.scores()
    assert [len(scores[name]) for name in names] == [IMAGES - 1] * 2
